import Documents
import Tensors

/// Entries of a mapping without those whose value is nil.
func canonicalMapping(_ entries: [(key: String, value: YAMLValue?)]) -> YAMLValue {
  .mapping(entries.compactMap { entry in entry.value.map { (entry.key, $0) } })
}

/// A name of an enumeration.
func canonicalName<Value: RawRepresentable>(_ value: Value) -> YAMLValue
where Value.RawValue == String {
  .plain(value.rawValue)
}

/// Names of an enumeration.
func canonicalNames<Value: RawRepresentable>(_ values: [Value]) -> YAMLValue
where Value.RawValue == String {
  .sequence(values.map(canonicalName))
}

/// A number, or `none`.
func canonicalOptional(_ value: Double?) -> YAMLValue {
  value.map(YAMLValue.number) ?? .plain("none")
}

/// A tensor as nested lists.
func canonicalNumbers(_ tensor: Tensor) -> YAMLValue {
  nested(tensor.values[...], tensor.shape.dimensions[...])
}

private func nested(_ values: ArraySlice<Float>, _ dimensions: ArraySlice<Int>) -> YAMLValue {
  guard let extent = dimensions.first else { return .number(values.first ?? 0) }
  let size = values.count / extent
  return .sequence(
    (0..<extent).map { index in
      let start = values.startIndex + index * size
      return nested(values[start..<(start + size)], dimensions.dropFirst())
    })
}
