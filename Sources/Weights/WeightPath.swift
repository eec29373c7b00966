import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The safetensors file that a path means: the file itself, or the one in a diffusers folder.
///
/// In a folder it is `diffusion_pytorch_model.safetensors`, there or in `transformer/`.
///
/// - Throws: `weights.file` for kinds of files that cannot be loaded, and for folders without
///   such a file.
func weightFilePath(_ path: String) throws(DiagnosticsError) -> String {
  if isFolder(path) { return try weightFile(inFolder: path) }
  let name = path.lowercased()
  if [".pt", ".pth", ".ckpt", ".bin", ".pkl"].contains(where: name.hasSuffix) {
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.file,
        "`\(path)` is a pickle checkpoint, which can run any program when it is read",
        help: pickleConversion(path: path)))
  }
  if name.hasSuffix(".ditc") {
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.file, "`\(path)` is a compiled model, which cannot be read for its weights",
        help: "name the safetensors file it was compiled from"))
  }
  return path
}

private func weightFile(inFolder folder: String) throws(DiagnosticsError) -> String {
  let base = folder.hasSuffix("/") ? folder : folder + "/"
  let candidates = [base, base + "transformer/"].map { $0 + "diffusion_pytorch_model.safetensors" }
  for candidate in candidates {
    if access(candidate, F_OK) == 0 { return candidate }
    if access(candidate + ".index.json", F_OK) == 0 {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.file, "the weights in `\(folder)` are split into several files",
          help: "join them in one safetensors file; split files are not supported"))
    }
  }
  throw DiagnosticsError(
    Diagnostic(
      WeightRules.file,
      "the folder `\(folder)` has no diffusion_pytorch_model.safetensors, "
        + "nor has its subfolder transformer",
      help: "name a safetensors file, or the folder of a diffusers model"))
}

private func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
