# One image for web, worker, beat, migrations, signer and sealer; the command says which.
FROM python:3.13.14-slim@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6 AS build
WORKDIR /portal
COPY requirements-production.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements-production.lock

FROM python:3.13.14-slim@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6
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
# docker-compose.yml has a health check for each of them.
CMD ["sh", "-c", "exec python manage.py serve --host 0.0.0.0 --workers ${WEB_WORKERS:-2}"]
