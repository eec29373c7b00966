import GraphIR
import Tensors

extension Pass {
  /// A `linear` that reads its rows straight out of an image.
  ///
  /// Found at a `linear` whose rows are a reshape of a permutation of a reshape; a reshape that
  /// would change nothing may be missing. Without a permutation the rows are the image itself.
  package static let patchify = Pass(
    name: "patchify", summary: "Joins cutting an image into patches with the linear that follows.",
    run: fusePatchify)
}

@Sendable private func fusePatchify(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.patchify.name)
  let fused = try graph.rewritten { rebuilder, _, node throws(GraphError) -> ValueID? in
    guard case .linear(let epilogue) = node.op else { return nil }
    let patches: (image: ValueID, view: PatchView)?
    do throws(Mismatch) {
      patches = try match(rows: node.inputs[0], uses)
    } catch {
      log.refuse(at: node.origin, error.reason)
      return nil
    }
    guard let (image, view) = patches else { return nil }
    log.make(at: node.origin)
    let operands = [image] + node.inputs.dropFirst()
    return try rebuilder.builder.append(
      .patchLinear(view, epilogue), operands.map(rebuilder.new))
  }
  return log.result(fused)
}

/// The image that the rows of a linear are cut from, and how; nil when they are not.
private func match(
  rows id: ValueID, _ uses: UseAnalysis
) throws(Mismatch) -> (image: ValueID, view: PatchView)? {
  var permuted = id
  if case .reshape = uses[id].op { permuted = uses[id].inputs[0] }
  guard case .permute(let order) = uses[permuted].op else { return nil }
  try uses.demandUsedOnce(id)
  try uses.demandUsedOnce(permuted)

  var image = uses[permuted].inputs[0]
  let split = uses.shape(image).dimensions
  if case .reshape = uses[image].op { image = uses[image].inputs[0] }

  let rows = Array(uses.shape(id).dimensions.dropLast())
  let rowCount = rows.reduce(1, *)
  var (rowAxisCount, count) = (0, 1)
  while count < rowCount {
    count *= split[order[rowAxisCount]]
    rowAxisCount += 1
  }
  guard count == rowCount else {
    throw Mismatch("the rows of \(uses.described(id)) do not end between axes of the patches")
  }
  return (image, PatchView(split: split, order: order, rowAxisCount: rowAxisCount, rows: rows))
}
