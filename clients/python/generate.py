"""Generates rapport_client.v1 from the contract, ../../proto, typed. Run it before the package is built.

Two things differ from the contract's files, and neither from its messages: they are named as the package is, so that no
top-level module `rapport` comes into being, and the server's rules for fields are left out. Another package may bring
buf/validate of its own, and a process takes one only.
"""

import importlib.resources
import pathlib
import shutil
import sys
import tempfile

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
CONTRACT = HERE / "../../proto"
WELL_KNOWN = importlib.resources.files("grpc_tools") / "_proto"


def run(*arguments: object) -> None:
    if protoc.main(["protoc", *map(str, arguments)]):
        raise SystemExit("the contract could not be compiled")


def renamed(name: str) -> str:
    return name.replace("rapport/v1/", "rapport_client/v1/")


def main() -> None:
    package = HERE / "src/rapport_client/v1"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir()
    (package / "__init__.py").write_text('"""Messages and services of the contract: a module for each file of it."""\n')
    with tempfile.NamedTemporaryFile(suffix=".binpb") as compiled:
        sources = sorted(path.relative_to(CONTRACT) for path in CONTRACT.glob("rapport/v1/*.proto"))
        run("-I", CONTRACT, "-I", WELL_KNOWN, "--include_imports", "--include_source_info",
            f"--descriptor_set_out={compiled.name}", *sources)
        files = FileDescriptorSet.FromString(pathlib.Path(compiled.name).read_bytes())
        # Options of messages and fields that protobuf itself does not have.
        files.DiscardUnknownFields()
        kept = FileDescriptorSet(file=[file for file in files.file if not file.name.startswith("buf/")])
        for file in kept.file:
            file.name = renamed(file.name)
            dependencies = [renamed(name) for name in file.dependency if not name.startswith("buf/")]
            file.ClearField("dependency")
            file.dependency.extend(dependencies)
        pathlib.Path(compiled.name).write_bytes(kept.SerializeToString())
        outputs = [f"--{kind}_out={HERE / 'src'}" for kind in ("python", "grpc_python")]
        for kind in ("mypy", "mypy_grpc"):
            plugin = pathlib.Path(sys.executable).with_name(f"protoc-gen-{kind}")
            outputs += [f"--plugin=protoc-gen-{kind}={plugin}", f"--{kind}_out=quiet:{HERE / 'src'}"]
        run(f"--descriptor_set_in={compiled.name}", *outputs, *(renamed(str(source)) for source in sources))


if __name__ == "__main__":
    main()
