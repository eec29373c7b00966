/// Writes values to the first elements of a C array, which Swift sees as a tuple.
///
/// - Precondition: The tuple's elements are of type `Element`, and there are at least as many.
package func setElements<Array, Element>(of array: inout Array, to values: [Element]) {
  precondition(values.count * MemoryLayout<Element>.stride <= MemoryLayout<Array>.size)
  withUnsafeMutableBytes(of: &array) { bytes in
    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }
}
