# Workers of the data line, for --sdk_container_image and --environment_type=DOCKER.
#   docker build --target cpu -t crossthink-worker .        jobs that ask no model, or an endpoint
#   docker build --target gpu -t crossthink-worker-gpu .    jobs that ask a model in process (vLLM)
# The Beam in the image must be the one that submits: requirements/*.txt pin both.
ARG BEAM=2.77.0
FROM apache/beam_python3.11_sdk:${BEAM} AS beam

FROM python:3.11-slim-bookworm AS wheel
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN pip install --no-cache-dir "scikit-build-core>=1.1" "pybind11>=3.0" "cmake>=3.25" ninja
COPY pyproject.toml CMakeLists.txt README.md LICENSE ./
COPY csrc csrc
COPY crossthink crossthink
COPY dataflow dataflow
COPY kernels kernels
RUN pip wheel --no-cache-dir --no-build-isolation --no-deps -C cmake.define.CROSSTHINK_CUDA=OFF --wheel-dir /wheels .

FROM python:3.11-slim-bookworm AS cpu
COPY requirements/cpu.txt /tmp/requirements.txt
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir -c /tmp/requirements.txt "$(echo /wheels/crossthink-*.whl)[data]" \
    && rm -r /wheels /tmp/requirements.txt
COPY --from=beam /opt/apache/beam /opt/apache/beam
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04 AS gpu
RUN apt-get update && apt-get install -y --no-install-recommends software-properties-common gcc g++ \
    && add-apt-repository -y ppa:deadsnakes/ppa && apt-get install -y --no-install-recommends python3.11-venv python3.11-dev \
    && rm -rf /var/lib/apt/lists/* && python3.11 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements/gpu.txt /tmp/requirements.txt
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir -r /tmp/requirements.txt "$(echo /wheels/crossthink-*.whl)[data]" \
    && rm -r /wheels /tmp/requirements.txt
COPY --from=beam /opt/apache/beam /opt/apache/beam
ENTRYPOINT ["/opt/apache/beam/boot"]
