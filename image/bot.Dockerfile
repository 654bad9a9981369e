# The Slack bot (bot/). Built by `make bot-image` from the checkout's root; bot.Dockerfile.dockerignore says what of it.
# It writes nothing but STATE_FILE, so that it runs with a read-only root file system.
ARG BASE_IMAGE=docker.io/library/python:3.12.12-slim-bookworm
FROM ${BASE_IMAGE}

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY requirements/bot.txt /app/requirements.txt
RUN pip install --no-cache-dir --require-hashes --requirement /app/requirements.txt && pip check
COPY bot /app/bot
# whatever the checkout's umask was
RUN chmod -R u=rwX,go=rX /app
WORKDIR /app
# nobody, as the program's Deployment runs it
USER 65534:65534
ENTRYPOINT ["python", "-m", "bot"]
