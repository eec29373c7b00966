import Diagnostics
import Documents
import GraphSamples
import ModelSpec
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ValidationTests {
  @Test func allErrorsAreReportedInOneRunWithoutCascades() {
    let text = """
      ditharos: 1
      name: tiny
      latent: {channels: 4, height: 8, width: 8}
      patch_size: 3
      latent_dim: 16x
      depth: 0
      heads: 5
      final_layer: {out_channel: 8}
      diffusion: {variance: learned, steps: 2000}
      norm: {kind: layer, epsilon: 2}
      """
    #expect(
      problems(text).map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
        "4:13 spec.patch-divides", "5:13 spec.type", "6:8 spec.range",
        "8:15 spec.unknown-key", "9:23 spec.choice", "9:39 spec.steps", "10:30 spec.range",
      ])
  }

  @Test func parametersAreComparedWhereTheirShapesAreKnown() {
    let parameters = "parameters: {patch_embedding.bais: [1], patch_embedding.bias: [1]}"
    func rules(_ text: String) -> [String] {
      problems(text).map { String($0.split(separator: " ")[1]) }
    }
    #expect(
      rules(tinySpec(["heads": "5"], parameters)) == [
        "spec.heads-divide-width", "spec.unknown-parameter", "spec.parameter-shape",
      ])
    #expect(rules(tinySpec(["latent_dim": "x"], parameters)) == ["spec.type"])
    #expect(rules(tinySpec([:], parameters + "\nhaeds: 4")).count == 1)
  }

  @Test func aDuplicateKeyDoesNotHideOtherErrors() {
    let found = problems(tinySpec(["heads": "5"], "depth: 3"))
    #expect(found.map { $0.contains("duplicate-key") } == [false, true])
    #expect(found[0].contains("heads-divide-width"))
  }

  @Test func helpAndRelatedPlacesComeWithAnError() {
    do throws(DiagnosticsError) {
      _ = try load(tinySpec(["heads": "5"]))
      Issue.record("five heads were accepted")
    } catch {
      let diagnostic = error.diagnostics.first
      #expect(diagnostic?.help == "2, 4 and 8 divide 16")
      #expect(diagnostic?.related.first?.range.start == SourcePosition(line: 5, column: 13))
      #expect(diagnostic?.path == "blocks[0].sublayers[0].heads")
    }
  }

  @Test(arguments: ["", "# only a comment\n", "[1, 2]\n", "text\n", "~\n"])
  func whatIsNoMappingIsNoSpec(_ text: String) {
    #expect(problems(text).map { $0.contains("spec.not-a-spec") } == [true])
  }

  @Test(arguments: ["2", "0", "\"1\"", "one", ""]) func otherVersionsAreRefused(_ version: String) {
    let text = tinySpec().replacingFirst("ditharos: 1", with: "ditharos: \(version)")
    #expect(problems(text).count == 1)
    #expect(problems(text).first?.hasPrefix("1:") == true)
  }

  @Test func aSpecOfNothingIsNoSpec() {
    #expect(problems("ditharos: 1\nname: x\n").map { $0.contains("spec.not-a-spec") } == [true])
  }

  @Test func aComponentThatFailsHidesNothingAndAddsNothing() {
    let text = tinySpec(["latent": "", "heads": "5"], "image: {height: 4, width: 4}")
    #expect(
      problems(text + "autoencoder: {file: /vae.yaml}\n").map { $0.split(separator: " ")[1] } == [
        "spec.heads-divide-width", "spec.component",
      ])
  }

  @Test func veryManyProblemsAreCutShort() {
    let keys = (0..<30_000).map { "kez\($0): 1" }.joined(separator: "\n")
    #expect((1...2000).contains(problems(tinySpec([:], keys)).count))
    let parameters = (0..<20_000).map { "  blocks.0.atention.quary\($0): 1" }
    let text = tinySpec([:], "parameters:\n" + parameters.joined(separator: "\n"))
    #expect((1...2000).contains(problems(text).count))
    let sublayer = "{kind: attention, heads: 5, name: a}"
    let sublayers = [String](repeating: sublayer, count: 64).joined(separator: ", ")
    let groups = [String](repeating: "{sublayers: [\(sublayers)]}", count: 100)
    let blocks = "blocks: [\(groups.joined(separator: ", "))]"
    #expect((1...2000).contains(problems(tinySpec(["depth": "", "heads": ""], blocks)).count))
  }

  @Test func heavyBudgetsAloneEndWithTheirOwnStatus() {
    do throws(DiagnosticsError) {
      _ = try load(tinySpec([:], "limits: {parameters: 1K}"))
    } catch {
      #expect(error.diagnostics.exitStatus == 5)
    }
    do throws(DiagnosticsError) {
      _ = try load(tinySpec(["heads": "5"], "limits: {parameters: 1K}"))
    } catch {
      #expect(error.diagnostics.exitStatus == 1)
    }
  }

  @Test func filesThatCannotBeReadAreInputFaults() {
    for path in ["/no/such/spec.yaml", "/tmp"] {
      do throws(DiagnosticsError) {
        _ = try loadSpec(file: path)
        Issue.record("\(path) was read")
      } catch {
        #expect(error.diagnostics.exitStatus == 4)
      }
    }
  }

  @Test func componentsStayInTheSpecsFolder() throws {
    var template = Array("/tmp/component-test-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      unlink("\(folder)/sub/vae.yaml"); unlink("\(folder)/link.yaml"); rmdir("\(folder)/sub");
      rmdir(folder)
    }
    mkdir("\(folder)/sub", 0o700)
    let component = "ditharos: 1\nname: vae\nautoencoder: {patch_size: 2, latent_channels: «}\n"
    func write(_ channels: String) {
      let file = open("\(folder)/sub/vae.yaml", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      let bytes = Array(component.replacingFirst("«", with: channels).utf8)
      _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      close(file)
    }
    func problems(_ file: String) -> [String] {
      let text =
        "ditharos: 1\nname: x\nimage: {height: 4, width: 4}\nautoencoder: {file: \(file)}\n"
      do throws(DiagnosticsError) {
        return try loadSpec(text: text, file: "x.yaml", folder: folder).warnings.map(\.shortText)
      } catch {
        return error.diagnostics.map { ($0.primary?.file ?? "") + " " + $0.shortText }
      }
    }
    write("4")
    #expect(problems("sub/vae.yaml") == [])
    #expect(problems("sub/../sub/vae.yaml").count == 1)
    #expect(problems("/tmp/vae.yaml").count == 1)
    #expect(problems("sub").first?.contains("file.unreadable") == true)
    #expect(problems("missing.yaml").first?.hasPrefix("x.yaml 4:21 file.unreadable") == true)
    symlink("/etc/passwd", "\(folder)/link.yaml")
    #expect(problems("link.yaml").first?.contains("through a link") == true)
    write("4}\nparameters: {autoencoder.encoder.bias: [1, 2, 3, 4], other: 1")
    let text =
      "ditharos: 1\nname: x\nimage: {height: 4, width: 4}\nautoencoder: {file: sub/vae.yaml}\n"
    let spec = try loadSpec(text: text, file: "x.yaml", folder: folder).spec
    #expect(spec.parameters.map(\.name) == ["autoencoder.encoder.bias"])
    write("four")
    #expect(
      problems("sub/vae.yaml") == [
        "\(folder)/sub/vae.yaml 3:47 spec.type `latent_channels` is `four`, "
          + "expected an integer from 1 to 65536"
      ])
  }

  @Test func neverFailsOnBrokenSpecs() throws {
    for name in ["sora-by-hand", "dit-s-2"] {
      let text = try readTextFile(path(ofShipped: name), byteLimit: 1 << 20)
      let canonical = expand(try load(text))
      var generator = SeededGenerator(seed: 3)
      for _ in 0..<250 {
        for text in [text, canonical] {
          let mutated = generator.mutation(of: text)
          if let spec = try? load(mutated) {
            #expect(try load(expand(spec)) == spec, "\(mutated)")
          }
        }
      }
      for length in stride(from: 0, to: text.count, by: 7) {
        _ = try? load(String(text.prefix(length)))
      }
    }
  }

  @Test func hugeNumbersEverywhereAreRefusedCalmly() throws {
    // Every number of the specs in turn becomes the largest that any key takes.
    for name in ["sora-by-hand", "dit-s-2"] {
      let text = expand(try loadSpec(file: path(ofShipped: name)).spec)
      let numbers = text.ranges(of: /[0-9]+/)
      for range in numbers {
        for value in ["65536", "1000000", "9223372036854775807", "0"] {
          _ = try? load(text.replacingCharacters(in: range, with: value))
        }
      }
    }
  }
}

extension String {
  fileprivate func replacingFirst(_ part: String, with text: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return replacingCharacters(in: range, with: text)
  }

  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
