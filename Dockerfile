# One image for web, worker, beat, migrations, signer and sealer; the command says which.
FROM python:3.13-slim AS build
WORKDIR /portal
COPY requirements-production.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements-production.lock

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=auditportal.settings \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics REPORTS_DIR=/reports
RUN useradd --system --uid 10001 --home-dir /portal portal && mkdir -p /reports /signer /run/signer && chown portal /reports /signer /run/signer \
 && chmod 700 /signer
WORKDIR /portal
COPY --from=build /venv /venv
COPY manage.py pyproject.toml ./
COPY auditportal auditportal
COPY recordings recordings
COPY templates templates
COPY static static
# Collecting static files needs settings, not services: these values are for this one command only.
RUN SECRET_KEY=only-to-collect-static-files-only-to-collect-static-files \
    DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost COMMBOX_API_KEY=none \
    AUDIT_FIELD_KEY=bm9uZW5vbmVub25lbm9uZW5vbmVub25lbm9uZW5vbmU= \
    python manage.py collectstatic --noinput \
 && rm -rf auditportal/sandbox auditportal/embedded
USER portal
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["sh", "-c", "exec python manage.py serve --host 0.0.0.0 --workers ${WEB_WORKERS:-2}"]
