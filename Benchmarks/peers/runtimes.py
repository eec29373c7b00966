"""The runtimes that are compared, by the names that --runtimes takes."""

from dataclasses import dataclass

FORWARD = "forward"
JOB = "job"


@dataclass(frozen=True)
class Runtime:
    """One way to run a model.

    Attributes:
        title: in tables.
        precisions: those it has on a processor.
        measures: those it takes part in.
        note: why a precision or a measure is missing; empty if none is.
        module: of this folder, which loads a model; empty for programs.
        function: of the module.
        artefact: what `prepare.py` makes for it beside the weights; empty for nothing.
        copies: of the f32 weights in the memory of its process, at most.
        narrow_bound: the largest relative error in bf16, which tells a precision from a fault.
    """

    title: str
    precisions: tuple[str, ...] = ("f32", "bf16")
    measures: tuple[str, ...] = (FORWARD, JOB)
    note: str = ""
    module: str = ""
    function: str = "load"
    artefact: str = ""
    copies: float = 2.1
    narrow_bound: float = 0.05

    def takes_part(self, precision: str, measure: str) -> bool:
        """Whether it has the precision and the measure."""
        return precision in self.precisions and measure in self.measures


DITHAROS = "ditharos"
UNPACKED = "ditharos-safetensors"
OPENVINO_CPP = "openvino-cpp"

RUNTIMES = {
    DITHAROS: Runtime("ditharos"),
    UNPACKED: Runtime("ditharos, safetensors", measures=(JOB,)),
    "eager": Runtime("PyTorch", module="peer_torch", copies=1.6),
    "compile": Runtime(
        "torch.compile",
        measures=(FORWARD,),
        note="torch.compile takes part in no job: it compiles for longer than the job takes",
        module="peer_torch",
        function="load_compiled",
        copies=3.1,
    ),
    "onnxruntime": Runtime(
        "ONNX Runtime",
        precisions=("f32",),
        note="ONNX Runtime takes no part in bf16: it has no such kernels for processors",
        module="peer_onnxruntime",
        copies=1.1,
        artefact="onnx",
    ),
    # In bf16 OpenVINO computes even the angles of the timestep, where 999 and 1001 are one number.
    "openvino": Runtime("OpenVINO", module="peer_openvino", artefact="openvino", narrow_bound=0.3),
    OPENVINO_CPP: Runtime(
        "OpenVINO in C++", measures=(JOB,), artefact="openvino", narrow_bound=0.3
    ),
}
