import Foundation

/// The folder of the package, with a slash at its end.
let packageFolder: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return parts.dropLast(3).joined(separator: "/") + "/"
}()

/// The specs that ship, by name.
let shippedSpecs: [String] = {
  let files = try? FileManager.default.contentsOfDirectory(atPath: packageFolder + "Specs")
  return (files ?? []).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
}()
