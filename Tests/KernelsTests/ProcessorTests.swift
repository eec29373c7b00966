import Kernels
import Testing

@Suite struct ProcessorTests {
  @Test func `this processor has a name and at least one core`() {
    let processor = Processor.current()
    #expect(!processor.name.isEmpty)
    #expect(processor.coreCount >= 1)
    #expect(processor.defaultThreadCount >= 1)
    #expect(processor.defaultThreadCount <= processor.coreCount)
  }

  @Test func `a quota limits the threads, in part of a processor too`() {
    func threads(_ quota: Double?) -> Int {
      Processor(name: "", coreCount: 8, quota: quota).defaultThreadCount
    }
    #expect(threads(nil) == 8)
    #expect(threads(16) == 8)
    #expect(threads(2) == 2)
    #expect(threads(2.5) == 3)
    #expect(threads(0.25) == 1)
  }

  @Test func `cores are told from the threads they run`() {
    let text = (0..<8).map {
      """
      processor\t: \($0)
      model name\t: Model \($0 / 8): a name
      physical id\t: \($0 / 4)
      core id\t\t: \($0 % 2)

      """
    }.joined(separator: "\n")
    #expect(CPUInformation(text).name == "Model 0: a name")
    #expect(CPUInformation(text).threadsPerCore == 2)
    #expect(CPUInformation("processor\t: 0\n").threadsPerCore == 1)
    #expect(CPUInformation("").name == nil)
  }

  @Test func `the smallest quota up to the root holds, version 2`() {
    let files = [
      "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/cpu.max": "400000 100000\n",
    ]
    #expect(ControlGroup.processorQuota(membership: "0::/a/b\n") { files[$0] } == 1.5)
    #expect(ControlGroup.processorQuota(membership: "0::/\n") { files[$0] } == 4)
    #expect(ControlGroup.processorQuota(membership: "0::/a/b\n") { _ in nil } == nil)
    #expect(ControlGroup.processorQuota(membership: "nonsense") { files[$0] } == nil)
  }

  @Test func `quotas of version 1`() {
    let files = [
      "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    let membership = "4:memory:/x\n3:cpu,cpuacct:/x\n"
    #expect(ControlGroup.processorQuota(membership: membership) { files[$0] } == 2.5)
  }
}
