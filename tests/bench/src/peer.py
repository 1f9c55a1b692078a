"""What people write instead of kickstand: an answer file and a boot script from Jinja, by Flask. One of the servers of `make bench`.

It does less: no arm, no token that ends, no look at the neighbour table, nothing on disk.
"""

import json
import pathlib

from flask import Flask, Response, abort, request

HERE = pathlib.Path(__file__).parent
app = Flask(__name__)
HOSTS = json.loads((HERE / "hosts.json").read_text())
TEMPLATES = {name: app.jinja_env.from_string((HERE / name).read_text()) for name in ("ks", "boot")}


def rendered(name, mac):
    if mac not in HOSTS:
        abort(404)
    return Response(TEMPLATES[name].render(HOSTS[mac]), mimetype="text/plain")


@app.get("/v1/boot")
def boot():
    return rendered("boot", request.args.get("mac", ""))


@app.get("/ks/<mac>")
def answer(mac):
    if request.args.get("token") != HOSTS.get(mac, {}).get("token"):
        abort(403)
    return rendered("ks", mac)
