# syntax=docker/dockerfile:1.7
# Two images: `worker` (also runs the `waybill` command) and `sandbox`, which production never builds.

FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PATH=/app/.venv/bin:$PATH
WORKDIR /app

FROM base AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.8
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --locked --no-default-groups --no-install-project
COPY . .
RUN uv sync --locked --no-default-groups

FROM build AS build-sandbox
RUN uv sync --locked --no-default-groups --group sandbox

FROM base AS runtime
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin waybill \
    && install --directory --owner=waybill --group=waybill /app/.waybill

FROM runtime AS sandbox
COPY --from=build-sandbox /app /app
USER 10001
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8090/admin/health', timeout=2)"]
CMD ["python", "-m", "sandbox", "--host", "0.0.0.0", "--port", "8090", "--state", "/app/.waybill/sandbox"]

# The last stage is what a plain `docker build .` makes.
FROM runtime AS worker
COPY --from=build /app /app
USER 10001
EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8088/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["python", "worker.py"]
