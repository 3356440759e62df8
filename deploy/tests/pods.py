#!/usr/bin/env python3
"""The rendered pods as processes: each in a network, a root and a user of its own, behind the rendered policies.

    scripts/do pods

Needs root, and no cluster. Each pod of deploy/tests/rendered/pods.yaml gets a network namespace on one bridge, the files of its
volumes, an empty root with the host's libraries read-only, uid 10001 and no capabilities. PostgreSQL runs beside them with TLS and
passwords, its roles made by deploy/sql/roles.sql. The network policies become nftables rules. Then money moves through the edge;
every pair of pods is tried on every port and compared with what the policies say; a rule less is noticed; the database's passwords and
the secret between processes change under load without a failed request. What it does not try: the API server, the kubelet, Services
with several pods, autoscaling, a change of the roots.
"""
import concurrent.futures, json, os, re, secrets, shutil, subprocess, sys, tempfile, time
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
FLORIN, XTASK = os.path.join(TARGET, "debug/florin"), os.path.join(TARGET, "debug/xtask")
MANIFEST = os.path.join(ROOT, "deploy/tests/rendered/pods.yaml")
NAMESPACE, MARK = "florin", f"fl{os.getpid() % 10000}"
UID = 10001
work = tempfile.mkdtemp(prefix="florin-pods.")
started, namespaces, namespaces_of = [], [], {}


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


def say(text):
    print(text, flush=True)


class Host:
    """A network namespace with an address on the bridge."""

    def __init__(self, name, address):
        self.name, self.address, self.net = name, address, f"{MARK}-{len(namespaces)}"
        run("ip", "netns", "add", self.net)
        namespaces.append(self.net)
        namespaces_of[name] = self.net
        run("ip", "link", "add", f"{MARK}v{len(namespaces)}", "netns", f"{MARK}-0", "type", "veth", "peer", "name", "eth0", "netns", self.net)
        for words in (["-n", f"{MARK}-0", "link", "set", f"{MARK}v{len(namespaces)}", "master", "br0", "up"],
                      ["-n", self.net, "link", "set", "lo", "up"],
                      ["-n", self.net, "addr", "add", f"{address}/16", "dev", "eth0"], ["-n", self.net, "link", "set", "eth0", "up"]):
            run("ip", *words)

    def exec(self, *words):
        return ["ip", "netns", "exec", self.net, *words]

    def reaches(self, address, port):
        probe = f"exec 3<>/dev/tcp/{address}/{port}"
        return subprocess.run(self.exec("timeout", "1", "bash", "-c", probe), capture_output=True).returncode == 0


def objects():
    with open(MANIFEST) as file:
        return [one for one in yaml.safe_load_all(file) if one]


def certificates(names, root=True):
    """A root, and a pair of files for each name with its host names."""
    def ssl(*words):
        run("openssl", *words, cwd=work)
    if root:
        ssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=root", "-keyout", "ca.key", "-out", "ca.crt")
    for name, hosts in names.items():
        ssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(f"{work}/{name}.ext", "w") as file:
            file.write("basicConstraints=critical,CA:FALSE\nsubjectAltName=" + ",".join(f"DNS:{host}" for host in hosts))
        ssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")


def text(name):
    with open(f"{work}/{name}") as file:
        return file.read()


def put(path, content, mode=0o440):
    """As the kubelet does: whole, or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as file:
        file.write(content)
    os.chown(path + ".new", 0, UID)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


class Pod:
    def __init__(self, owner, number, spec, labels, address):
        self.role, self.spec, self.labels = owner["metadata"]["name"], spec, labels
        self.name = f"{self.role}-{number}" if owner["kind"] == "StatefulSet" else self.role
        self.host = Host(self.name, address)
        self.root, self.writable = f"{work}/{self.name}", []
        self.ports = {port["name"]: port["containerPort"] for port in spec["containers"][0].get("ports", [])}

    def files(self, found):
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in self.spec["containers"][0]["volumeMounts"]:
            at, volume = self.root + mount["mountPath"], volumes[mount["name"]]
            os.makedirs(at, exist_ok=True)
            if "emptyDir" in volume:
                outside = f"{work}/{self.name}.{mount['name']}"
                os.makedirs(outside)
                os.chown(outside, UID, UID)
                self.writable.append((outside, mount["mountPath"]))
                continue
            kind, source = ("secret", volume["secret"]["secretName"]) if "secret" in volume else ("configmap", volume["configMap"]["name"])
            content = found[(kind, source)]
            items = volume.get("secret", volume.get("configMap")).get("items") or [{"key": key, "path": key} for key in content]
            for item in items:
                put(f"{at}/{item['path']}", content[item["key"]], 0o440 if kind == "secret" else 0o444)

    def start(self, hosts):
        for folder in ("usr", "lib", "lib64", "bin", "proc", "etc", "dev"):
            os.makedirs(f"{self.root}/{folder}", exist_ok=True)
        os.link(FLORIN, f"{self.root}/florin") if os.stat(FLORIN).st_dev == os.stat(work).st_dev else shutil.copy(FLORIN, f"{self.root}/florin")
        put(f"{self.root}/etc/hosts", hosts, 0o444)
        put(f"{self.root}/etc/nsswitch.conf", "hosts: files\n", 0o444)
        container = self.spec["containers"][0]
        environment = ["PATH=/"]
        for variable in container.get("env", []):
            value = variable.get("value", self.name).replace("$(POD_NAME)", self.name)
            environment.append(f"{variable['name']}={value}")
        root = self.root
        steps = [f"mount --bind {root} {root}"]
        for folder in ("usr", "lib", "lib64", "bin"):
            steps += [f"mount --bind /{folder} {root}/{folder}", f"mount -o remount,bind,ro {root}/{folder}"]
        steps += [f"mount -t proc proc {root}/proc", f"mount -o remount,bind,ro {root}"]
        steps += [f"mount --bind {outside} {root}{inside}" for outside, inside in self.writable]
        drop = f"--reuid={UID} --regid={UID} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
        steps += [f"exec chroot {root} /usr/bin/env -i {' '.join(environment)} /usr/bin/setpriv {drop} /florin {' '.join(container['args'])}"]
        script = " && ".join(steps)
        with open(f"{work}/{self.name}.log", "w") as log:
            process = subprocess.Popen(self.host.exec("unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", script), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        started.append(process)
        return process


def policies(all_objects, pods, others):
    """The rules of each pod, made from the policies alone."""
    rules = [one["spec"] for one in all_objects if one["kind"] == "NetworkPolicy"]

    def chosen(selector, labels):
        wanted = (selector or {}).get("matchLabels", {})
        return all(labels.get(key) == value for key, value in wanted.items())

    def addresses(peer):
        if "ipBlock" in peer:
            return [peer["ipBlock"]["cidr"]]
        if "namespaceSelector" in peer:
            name = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            return [host.address for host in others if host.name == name]
        return [pod.host.address for pod in pods if chosen(peer["podSelector"], pod.labels)]

    for pod in pods:
        mine = [rule for rule in rules if chosen(rule["podSelector"], pod.labels)]
        chains = {"input": [], "output": []}
        for chain, key, side, word in (("input", "ingress", "from", "saddr"), ("output", "egress", "to", "daddr")):
            for rule in (rule for policy in mine for rule in policy.get(key) or []):
                found = [address for peer in rule.get(side, []) for address in addresses(peer)]
                for port in rule.get("ports", []):
                    if found:
                        chains[chain].append(f"ip {word} {{ {', '.join(found)} }} {port['protocol'].lower()} dport {port['port']} accept")
        body = "".join(f"chain {chain} {{ type filter hook {chain} priority 0; policy drop; ct state established,related accept; {face} lo accept; {'; '.join(lines)}{';' if lines else ''} }}\n"
                       for (chain, lines), face in zip(chains.items(), ("iifname", "oifname")))
        subprocess.run(pod.host.exec("nft", "-f", "-"), input=f"table inet pod {{\n{body}}}\n", text=True, check=True)


class Database:
    def __init__(self, host):
        self.host, self.data = host, f"{work}/pg"
        self.bin = os.path.dirname(os.path.realpath(shutil.which("initdb") or run("bash", "-c", "ls /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1").strip()))
        os.chmod(work, 0o755)
        os.makedirs(self.data)
        shutil.chown(self.data, "postgres")
        self.as_owner(f"{self.bin}/initdb", "--pgdata", self.data, "--username", "postgres", "--auth-local", "trust", "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
        for end in ("crt", "key"):
            shutil.copy(f"{work}/postgres.{end}", f"{self.data}/server.{end}")
            shutil.chown(f"{self.data}/server.{end}", "postgres")
        os.chmod(f"{self.data}/server.key", 0o600)
        with open(f"{self.data}/pg_hba.conf", "w") as file:
            file.write("local all postgres trust\nhostssl all all all scram-sha-256\n")
        options = f"-c listen_addresses=* -c unix_socket_directories={self.data} -c ssl=on -c fsync=off -c max_connections=300"
        started.append(subprocess.Popen(host.exec("runuser", "-u", "postgres", "--", f"{self.bin}/postgres", "-D", self.data, *options.split()), stdout=subprocess.DEVNULL, stderr=open(f"{work}/postgres.log", "w")))
        wait(lambda: os.path.exists(f"{self.data}/.s.PGSQL.5432"), 20, "PostgreSQL starts")
        time.sleep(1)

    def as_owner(self, *words):
        return run("runuser", "-u", "postgres", "--", *words, cwd="/")

    def sql(self, text, database="florin"):
        return self.as_owner("psql", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1", "--host", self.data, database, "--command", text)

    def users(self):
        return self.sql("select rolname from pg_roles where rolname like 'florin%'").split()


def wait(is_so, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return
        time.sleep(0.2)
    sys.exit(f"in {seconds} s it did not happen: {what}")


class Caller:
    """Somebody outside, who comes through the gateway's network."""

    def __init__(self, host, edge):
        self.host, self.edge, self.token = host, edge, None

    def curl(self, path, *words):
        base = ["curl", "--silent", "--max-time", "10", "--cacert", f"{work}/ca.crt", "--resolve", f"florin.example.com:8080:{self.edge.host.address}"]
        if self.token:
            base += ["--header", f"authorization: Bearer {self.token}"]
        return subprocess.run(self.host.exec(*base, *words, f"https://florin.example.com:8080{path}"), capture_output=True, text=True).stdout

    def log_in(self, client, secret):
        self.token = json.loads(self.curl("/oauth2/token", "--user", f"{client}:{secret}", "--data", "grant_type=client_credentials"))["access_token"]

    def post(self, path, key, body):
        return json.loads(self.curl(path, "--header", "content-type: application/json", "--header", f"idempotency-key: {key}", "--data", json.dumps(body)))

    def pay(self, number):
        body = {"postings": [{"debit": "assets:bank", "credit": "customers:ann", "amount": {"amount": "1.00", "currency": "USD"}}]}
        words = ("--output", "/dev/null", "--write-out", "%{http_code}", "--header", "content-type: application/json", "--header", f"idempotency-key: pay-{number}", "--data", json.dumps(body))
        return self.curl("/v1/ledger/transactions", *words)


def secrets_of(all_objects, pods, job):
    """Everything that a person or a controller puts there."""
    shared = {"rpc": secrets.token_hex(32), "master": secrets.token_hex(32)}
    first = {"admin": ("root@bank.example.com", secrets.token_hex(12)), "client": ("deploy", secrets.token_hex(32))}
    first_text = f'[admin]\nusername = "{first["admin"][0]}"\npassword = "{first["admin"][1]}"\n\n[client]\nid = "deploy"\nsecret = "{first["client"][1]}"\nroles = ["service"]\n'
    keys = {"rpc": "secret", "master": "key", "first": "first-secrets", "database": "password"}
    found = {("configmap", one["metadata"]["name"]): one["data"] for one in all_objects if one["kind"] == "ConfigMap"}
    found[("configmap", "database-ca")] = {"ca.crt": text("ca.crt")}
    for spec in [pod.spec for pod in pods] + [job]:
        for volume in spec["volumes"]:
            name = volume.get("secret", {}).get("secretName", "")
            purpose = name.rsplit("-", 1)[-1]
            if purpose == "tls":
                role = name.removesuffix("-tls")
                found[("secret", name)] = {"tls.crt": text(f"{role}.crt"), "tls.key": text(f"{role}.key"), "ca.crt": text("ca.crt")}
            elif purpose == "database":
                found[("secret", name)] = {"password": secrets.token_hex(16)}
            elif purpose in keys:
                found[("secret", name)] = {keys[purpose]: first_text if purpose == "first" else shared[purpose]}
    return found, first["client"]


def user_of(name, settings):
    return re.search(r"postgres://(\w+)@", settings).group(1)


def main():
    all_objects = objects()
    run("ip", "netns", "add", f"{MARK}-0")
    namespaces.append(f"{MARK}-0")
    run("ip", "-n", f"{MARK}-0", "link", "add", "br0", "type", "bridge")
    run("ip", "-n", f"{MARK}-0", "link", "set", "br0", "up")
    pods = []
    for owner in (one for one in all_objects if one["kind"] in ("Deployment", "StatefulSet")):
        template = owner["spec"]["template"]
        for number in range(owner["spec"].get("replicas", 1)):
            pods.append(Pod(owner, number, template["spec"], template["metadata"]["labels"], f"10.244.0.{10 + len(pods)}"))
    job_object = next(one for one in all_objects if one["kind"] == "Job")
    job = Pod(job_object, 0, job_object["spec"]["template"]["spec"], job_object["spec"]["template"]["metadata"]["labels"], "10.244.0.200")
    others = [Host("monitoring", "10.244.2.10"), Host("gateway", "10.244.2.11"), Host("default", "10.244.2.12")]
    certificates({one["metadata"]["name"]: one["spec"]["dnsNames"] for one in all_objects if one["kind"] == "Certificate"} | {"postgres": ["postgres.database.svc"]})
    found, client = secrets_of(all_objects, pods, job.spec)

    database = Database(Host("database", "10.244.1.10"))
    database.sql("create database florin", "postgres")
    database.as_owner("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--host", database.data, "florin", "--file", os.path.join(ROOT, "deploy/sql/roles.sql"))
    users = {}
    for pod in pods + [job]:
        settings = found[("configmap", next(v for v in pod.spec["volumes"] if v["name"] == "settings")["configMap"]["name"])]["florin.toml"]
        name = next((v["secret"]["secretName"] for v in pod.spec["volumes"] if v["name"] == "database"), None)
        if name:
            users[pod.name] = (user_of(name, settings), name)
            database.sql(f"alter role {users[pod.name][0]} password '{found[('secret', name)]['password']}'")
    hosts = "127.0.0.1 localhost\n10.244.1.10 postgres.database.svc\n"
    for pod in pods:
        names = [pod.role, f"{pod.role}.{NAMESPACE}.svc"] + ([f"{pod.name}.{pod.role}-pods.{NAMESPACE}.svc"] if pod.name != pod.role else [])
        hosts += f"{pod.host.address} {' '.join(names)}\n"
    for pod in pods + [job]:
        pod.files(found)
    policies(all_objects, pods + [job], others)

    begun = time.monotonic()
    if job.start(hosts).wait(timeout=120) != 0:
        sys.exit("the migrations failed:\n" + text("florin-migrate.log"))
    say(f"the migrations took {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    processes = {pod.name: pod.start(hosts) for pod in pods}
    monitor = others[0]

    def ready(pod):
        words = ("curl", "--silent", "--max-time", "2", "--output", "/dev/null", "--write-out", "%{http_code}", "--cacert", f"{work}/ca.crt", "--resolve", f"{pod.role}:{pod.ports['metrics']}:{pod.host.address}", f"https://{pod.role}:{pod.ports['metrics']}/ready")
        return subprocess.run(monitor.exec(*words), capture_output=True, text=True).stdout == "200"
    for pod in pods:
        wait(lambda: ready(pod) or processes[pod.name].poll() is not None, 60, f"{pod.name} is ready")
        if processes[pod.name].poll() is not None:
            sys.exit(f"{pod.name} ended:\n" + text(f"{pod.name}.log")[-3000:])
    say(f"{len(pods)} pods are ready after {time.monotonic() - begun:.1f} s, as uid {UID} without capabilities")

    edge = next(pod for pod in pods if "edge" in pod.spec["containers"][0]["args"])
    caller = Caller(others[1], edge)
    caller.log_in(*client)
    for path, kind in (("assets:bank", "debit"), ("customers:ann", "credit")):
        opened = caller.post("/v1/ledger/accounts", f"open-{path}", {"path": path, "currency": "USD", "normal": kind})
        if "path" not in opened and opened.get("code") != "account_exists":
            sys.exit(f"an account was not opened: {opened}")
    if (code := caller.pay(0)) != "201":
        sys.exit(f"money did not move: {code}")
    say("money moved through the edge, by TLS to every process and to the database")

    tried = reachability(pods, others)
    rotation(caller, pods, users, database, found)
    broken(pods)
    say(f"{tried} connections tried")


def reachability(pods, others):
    expected = set(run(XTASK, "deploy", "reach", MANIFEST).split("\n"))
    ends = [(pod.role, pod.host) for pod in pods] + [(host.name, host) for host in others]
    tries = [(name, host, pod, port) for name, host in ends for pod in pods for port in pod.ports if host is not pod.host]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        results = list(pool.map(lambda one: one[1].reaches(one[2].host.address, one[2].ports[one[3]]), tries))
    wrong = []
    for (name, _, pod, port), reached in zip(tries, results):
        if reached != (f"{name} -> {pod.role} {port}" in expected):
            wrong.append(f"{name} {'reaches' if reached else 'does not reach'} {pod.role} on {port}")
    if wrong:
        sys.exit("the policies say otherwise:\n" + "\n".join(wrong))
    say(f"{sum(results)} pairs get through and {len(results) - sum(results)} are refused, as the policies say")
    return len(results)


def rotation(caller, pods, users, database, found):
    """Passwords, certificates and the secret between processes, under load; then every connection to the database is cut."""
    stop, codes, number = [], [], iter(range(1, 1_000_000))

    def load():
        while not stop:
            codes.append(caller.pay(next(number)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        working = [pool.submit(load) for _ in range(4)]
        time.sleep(1)
        for pod in pods:
            if pod.name in users:
                password = secrets.token_hex(16)
                # First in the file: a connection that is made between the two is made again.
                put(f"{pod.root}/run/florin/database/database", password)
                database.sql(f"alter role {users[pod.name][0]} password '{password}'")
        old, new = found[("secret", f"{pods[0].role}-rpc")]["secret"], secrets.token_hex(32)
        for lines in ([old, new], [new, old], [new]):
            for pod in pods:
                put(f"{pod.root}/run/florin/rpc/rpc", "\n".join(lines) + "\n")
            time.sleep(4)
        serials = {pod.name: serial(pod) for pod in pods}
        certificates({pod.role: dns_names(pod) for pod in pods}, root=False)
        for pod in pods:
            put(f"{pod.root}/run/florin/tls/tls.crt", text(f"{pod.role}.crt"))
            put(f"{pod.root}/run/florin/tls/tls.key", text(f"{pod.role}.key"))
        for pod in pods:
            wait(lambda: serial(pod) != serials[pod.name], 15, f"{pod.name} shows its new certificate")
        time.sleep(1)
        stop.append(True)
        [one.result() for one in working]
    bad = [code for code in codes if code != "201"]
    if bad:
        sys.exit(f"{len(bad)} of {len(codes)} payments failed while secrets changed: {sorted(set(bad))}")
    say(f"passwords, certificates and the secret between processes changed under {len(codes)} payments, none failed")
    database.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'florin%'")
    wait(lambda: caller.pay(next(number)) == "201", 20, "money moves over new connections, with the new passwords")
    say("every connection to the database was cut, and new ones use the new passwords")


def dns_names(pod):
    return next(one["spec"]["dnsNames"] for one in objects() if one["kind"] == "Certificate" and one["metadata"]["name"] == pod.role)


def serial(pod):
    """Of the certificate that the pod shows now, seen from monitoring."""
    words = f"openssl s_client -connect {pod.host.address}:{pod.ports['metrics']} </dev/null 2>/dev/null | openssl x509 -noout -serial"
    return subprocess.run(["ip", "netns", "exec", namespaces_of["monitoring"], "bash", "-c", words], capture_output=True, text=True).stdout


def broken(pods):
    """A line of a policy less is seen."""
    ledger = next(pod for pod in pods if "ledger" in pod.spec["containers"][0]["args"])
    edge = next(pod for pod in pods if "edge" in pod.spec["containers"][0]["args"])
    run(*ledger.host.exec("nft", "flush", "chain", "inet", "pod", "input"))
    if edge.host.reaches(ledger.host.address, ledger.ports["rpc"]):
        sys.exit("without its rules the ledger can be reached still")
    say("without its rules nobody reaches the ledger")


def clean():
    for process in reversed(started):
        process.terminate()
    for process in started:
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
    for name in reversed(namespaces):
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    if not os.environ.get("FLORIN_PODS_KEEP"):
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    finally:
        clean()
