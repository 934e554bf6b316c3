import hashlib
import inspect
import shutil
from pathlib import Path

import pytest

from retrieval import embedded_model, openvino_runtime


@pytest.fixture(scope="session")
def models_dir(request: pytest.FixtureRequest) -> Path:
    """Where the real model is unpacked and converted; kept until the code that writes it changes."""
    code = "".join(inspect.getsource(module) for module in (embedded_model, openvino_runtime))
    name = f"models-{hashlib.sha256(code.encode()).hexdigest()[:12]}"
    assert request.config.cache is not None
    folder = request.config.cache.mkdir(name)
    for outdated in folder.parent.glob("models-*"):
        if outdated.name != name:
            shutil.rmtree(outdated)
    return folder
