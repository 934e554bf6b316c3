# syntax=docker/dockerfile:1
# Two stages: the first installs and prepares the model, the second only runs. Nothing is fetched at run time.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
# An index with CPU-only torch wheels may be named here; without one, the pinned torch of pyproject.toml
# comes from the default index.
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/wenzheng
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY channels ./channels
COPY eval ./eval
COPY knowledge_base ./knowledge_base
COPY retrieval ./retrieval
RUN if [ -n "$TORCH_INDEX" ]; then /opt/wenzheng/bin/pip install --index-url "$TORCH_INDEX" "torch>=2.13,<2.14"; fi \
    && /opt/wenzheng/bin/pip install '.[ocr,postgres,milvus]'
# The embedding model is unpacked and converted now, so that the first start is quick and offline.
RUN WENZHENG_DATA_DIR=/opt/wenzheng-data /opt/wenzheng/bin/wenzheng prepare

FROM python:${PYTHON}
RUN useradd --system --uid 10001 --home-dir /var/lib/wenzheng --create-home wenzheng
COPY --from=build /opt/wenzheng /opt/wenzheng
COPY --from=build --chown=wenzheng:wenzheng /opt/wenzheng-data /var/lib/wenzheng/data
ENV PATH="/opt/wenzheng/bin:$PATH" \
    WENZHENG_DATA_DIR=/var/lib/wenzheng/data \
    HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 PYTHONUNBUFFERED=1
USER wenzheng
WORKDIR /var/lib/wenzheng
VOLUME ["/var/lib/wenzheng/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["wenzheng"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
