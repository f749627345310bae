# fastvlm-serve from the published packages. Build: docker build -f deploy/docker/serve.Dockerfile -t fastvlm-serve:0.1.0 .
FROM node:22.12.0-bookworm-slim

ENV NODE_ENV=production
WORKDIR /srv
# No script of a package runs: sharp brings a built library, and nothing else is native.
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund @fastvlm-kit/serve@0.1.0 \
  && npm cache clean --force \
  # Models are kept here: mount a volume, and the next container downloads nothing.
  && install -d -o 1000 -g 1000 /cache
ENV XDG_CACHE_HOME=/cache

# The user `node`, by number: Kubernetes can then tell that it is not root.
USER 1000:1000
EXPOSE 8080
# `--host` of a container is all of its addresses, so that it needs FASTVLM_TOKEN.
ENTRYPOINT ["node", "node_modules/@fastvlm-kit/serve/bin/fastvlm-serve.js"]
CMD ["--model", "tiny", "--host", "0.0.0.0"]
HEALTHCHECK --interval=10s --start-period=120s --retries=3 \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:8080/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
