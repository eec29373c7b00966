/// Orders names as people do: runs of digits by their number, everything else by its bytes.
///
/// `frame2` is before `frame10`. Names that differ in leading zeros alone are ordered by their
/// bytes, so the order is total.
func naturallyPrecedes(_ left: String, _ right: String) -> Bool {
  var one = left.utf8[...]
  var two = right.utf8[...]
  let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
  while let first = one.first, let second = two.first {
    if isDigit(first) && isDigit(second) {
      let firstRun = one.prefix(while: isDigit)
      let secondRun = two.prefix(while: isDigit)
      let firstNumber = firstRun.drop { $0 == UInt8(ascii: "0") }
      let secondNumber = secondRun.drop { $0 == UInt8(ascii: "0") }
      if firstNumber.count != secondNumber.count { return firstNumber.count < secondNumber.count }
      if !firstNumber.elementsEqual(secondNumber) {
        return firstNumber.lexicographicallyPrecedes(secondNumber)
      }
      one = one.dropFirst(firstRun.count)
      two = two.dropFirst(secondRun.count)
    } else {
      if first != second { return first < second }
      one = one.dropFirst()
      two = two.dropFirst()
    }
  }
  if one.isEmpty != two.isEmpty { return one.isEmpty }
  return left.utf8.lexicographicallyPrecedes(right.utf8)
}
