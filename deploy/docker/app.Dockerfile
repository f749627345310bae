# The built app in ./dist, with nginx. Copy deploy/ into your app. Build: docker build -f deploy/docker/app.Dockerfile -t fastvlm-app:0.1.0 .
FROM nginx:1.28.0-alpine-slim

COPY deploy/nginx /srv/nginx
COPY dist /srv/app
# Compressed once, here, and sent as it is (`gzip_static`).
RUN find /srv/app -type f ! -path '*/models/*' \
    \( -name '*.js' -o -name '*.mjs' -o -name '*.css' -o -name '*.html' -o -name '*.json' -o -name '*.svg' -o -name '*.wasm' \
    -o -name '*.webmanifest' \) \
    -exec gzip -9 -k -f {} +

# The user `nginx`, by number: Kubernetes can then tell that it is not root.
USER 101:101
EXPOSE 8080
ENTRYPOINT ["nginx", "-p", "/srv", "-c", "/srv/nginx/nginx.conf", "-g", "daemon off;"]
HEALTHCHECK --interval=10s --retries=3 CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"]
