"""Where a comparison's programs work."""

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator

from tests.support.processes import Workbench


@contextlib.contextmanager
def temporary_workbench() -> Iterator[Workbench]:
    """Gone afterwards, with all that runs there."""
    # In /tmp whatever TMPDIR says: paths of unix sockets are short.
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-", dir="/tmp") as directory:
        bench = Workbench(pathlib.Path(directory))
        try:
            yield bench
        finally:
            bench.close()
