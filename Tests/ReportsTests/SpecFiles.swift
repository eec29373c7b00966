/// The folder of the package, with a slash at its end.
let packageFolder: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return parts.dropLast(3).joined(separator: "/") + "/"
}()

/// The specs that ship, by name.
let shippedSpecs = [
  "sora-by-hand", "sora-by-hand-corrected", "dit-s-2", "dit-b-4", "dit-xl-2-256", "dit-xl-2-512",
]
