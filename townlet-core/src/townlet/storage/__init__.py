"""Files that are whole or absent: folders renamed into place, digests, safetensors, names that stay inside.

Datasets, checkpoints and snapshots share these few functions; nothing here knows what the bytes mean.
"""

from townlet.storage.atomic import PartialFolder, PartialInfo, find_partials, numbered_folder, write_bytes_atomic
from townlet.storage.digests import canonical_bytes, canonical_digest, content_digest, read_json_document, sha256_file
from townlet.storage.documents import fits, parse_json, read_file, read_json, read_json_lines, read_model
from townlet.storage.locks import HeldLock, Holder, holder_of
from townlet.storage.members import write_member
from townlet.storage.memory import machine_bytes, peak_bytes
from townlet.storage.names import member_path
from townlet.storage.opening import open_regular, read_given, write_given
from townlet.storage.room import require_room
from townlet.storage.tensors import TensorInfo, TensorMap, map_tensors, read_tensor_header, write_tensors

__all__ = [
    "HeldLock",
    "Holder",
    "PartialFolder",
    "PartialInfo",
    "TensorInfo",
    "TensorMap",
    "canonical_bytes",
    "canonical_digest",
    "content_digest",
    "find_partials",
    "fits",
    "holder_of",
    "machine_bytes",
    "map_tensors",
    "member_path",
    "numbered_folder",
    "open_regular",
    "parse_json",
    "peak_bytes",
    "read_file",
    "read_given",
    "read_json",
    "read_json_document",
    "read_json_lines",
    "read_model",
    "read_tensor_header",
    "require_room",
    "sha256_file",
    "write_bytes_atomic",
    "write_given",
    "write_member",
    "write_tensors",
]
