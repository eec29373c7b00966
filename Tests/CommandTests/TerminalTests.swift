import Foundation
import Testing

/// Terminals, pipes and signals.
@Suite struct TerminalTests {
  /// What the program writes to a terminal, both streams together.
  private func shown(
    _ arguments: [String], in folder: String, environment: [String: String] = [:]
  ) throws -> (text: String, status: Int32) {
    var (master, slave): (Int32, Int32) = (0, 0)
    try #require(openpty(&master, &slave, nil, nil, nil) == 0)
    defer { close(master) }
    let handle = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
    let command = try RunningCommand(
      arguments, folder: folder, environment: environment, terminal: handle)
    close(slave)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(master, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return (String(decoding: bytes, as: UTF8.self), try command.result().status)
  }

  @Test func `colours problems on a terminal only, unless told not to`() async throws {
    try await withFolder { folder in
      try "ditharos: 1\nnope: 1\n".write(to: "\(folder)/bad.yaml")
      let arguments = ["validate", "bad.yaml"]
      let colored = try shown(arguments, in: folder)
      #expect(colored.status == 1)
      #expect(colored.text.contains("\u{1B}[1;31m"))
      let plain = try shown(arguments, in: folder, environment: ["NO_COLOR": "1"])
      #expect(plain.text.contains("error: ") && !plain.text.contains("\u{1B}"))
      let piped = try ditharos("validate", "bad.yaml", in: folder)
      #expect(!piped.output.contains("\u{1B}"))
    }
  }

  @Test func `shows a bar with the step and the time left`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let run = try shown(
        ["run", "tiny.yaml", "--label", "1", "--weights", "random:0", "--steps", "4"], in: folder)
      #expect(run.status == 0)
      #expect(run.text.contains("█"))
      #expect(run.text.contains("step 2/4, "))
      #expect(run.text.contains(" left"))
      #expect(!run.text.contains("{\"step\""))
    }
  }

  @Test func `ends quietly when nobody reads on`() throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let process = try RunningCommand(
      ["trace", shipped("sora-by-hand")], folder: "/", terminal: pipe.fileHandleForWriting)
    #expect(try process.result().status == 0)
  }

  @Test func `makes its output although nobody reads the progress`() async throws {
    try await withFolder { folder in
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      let process = try RunningCommand(
        ["run", shipped("sora-by-hand"), "-o", "sky.webp"], folder: folder,
        terminal: pipe.fileHandleForWriting)
      #expect(try process.result().status == 0)
      #expect(try names(in: folder) == ["sky.webp"])
    }
  }

  @Test(arguments: [SIGINT, SIGTERM], ["x.safetensors", "x.webp"])
  func `stops at once when interrupted and leaves nothing`(
    signal: Int32, output: String
  ) async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let command = try RunningCommand(
        [
          "run", "tiny.yaml", "--label", "1", "--weights", "random:0", "--steps", "1000", "--size",
          "128x128", "-o", output,
        ], folder: folder)
      while command.isRunning, !command.complaints.contains("{\"step\":1,") { usleep(1000) }
      // As if the output were half-written.
      try "half".write(to: "\(folder)/.\(output).\(command.number).tmp")
      command.send(signal)
      let result = try command.result()
      #expect(result.status == 130)
      #expect(result.complaints.hasSuffix("interrupted\n"))
      #expect(try names(in: folder) == ["tiny.yaml"])
    }
  }
}
