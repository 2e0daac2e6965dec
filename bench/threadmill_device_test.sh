#!/usr/bin/env bash
# `threadmill device` as its users meet it: a simulated valve is served, asked, recorded, disturbed and ended. One
# argument: the program.
set -u
program=$1
subject=device
# shellcheck source=bench/expect.sh
. "$(dirname "$0")/expect.sh"
scratch=$(mktemp -d)
server=
cleanup() {
    [ -n "$server" ] && kill "$server" 2>/dev/null
    rm -rf "$scratch"
}
trap cleanup EXIT
cd "$scratch" || exit 1

# Help, and wrong use.
expect 0 'examples:' --help
for part in serve probe record faults; do
    expect 0 'examples:' "$part" --help
done
expect 2 'usage: threadmill device'
expect 2 "no part 'sreve'; did you mean 'serve'" sreve
expect 2 "'65536' is no value for --http" serve --http 65536
expect 2 "'localhost' is no address" serve --http 0 --stream 0 --address localhost
expect 2 "'loop' is none" serve --quirks loop
expect 2 "'drop=2'" serve --faults drop=2
expect 2 "'slow-loris=8' is not understood" serve --faults slow-loris=8
expect 2 '--hand: .*spin' serve --hand spin:1:2
expect 2 'is no key' serve --http 0 --stream 0 --key 'two words'
expect 2 '--http and --stream are both 7000' serve --http 7000 --stream 7000
expect 2 '--http and --stream are both 8888' serve --http 8888
expect 2 'needs a valve' probe
expect 2 'speaks no TLS' probe https://127.0.0.1:8080
expect 2 'its port is no number' probe http://127.0.0.1:80a
expect 2 'something follows' probe http://127.0.0.1:8080/api
expect 2 'the bracket is not closed' probe 'http://[::1:8080'
expect 2 'one valve at a time' probe http://a http://b
expect 2 'ends in .csv or .jsonl' record 127.0.0.1 --time 1s -o run.txt
expect 2 'needs a valve, a time and a file' record 127.0.0.1 -o run.csv
expect 3 'valve 127.0.0.1:1: ' probe http://127.0.0.1:1
expect 3 'valve \[::1\]:1: ' probe 'http://[::1]:1'
expect 2 "'powr' is no value for --fault; perhaps 'power'" faults --fault powr
expect 2 "'pol' is no value for --strategy; perhaps 'pool'" faults --strategy pol
expect 2 "'5xx' comes twice" faults --fault 5xx,5xx
expect 2 "is no value for --threads" faults --threads 65
expect 2 'does not know what to do with .drop' faults drop
expect 2 "take 'in-process'" faults --strategy unshared --fault none

# Every fault against some ways of sharing: a table, and a document.
expect 0 'What writers saw' faults --strategy pool,cached-seqlock,async --window 20ms --seed 1
expect 0 '[|] 5xx [|] (ok|retried|api)' faults --strategy pool --fault 5xx,power --window 20ms --seed 1
"$program" device faults --json --strategy internal-lock,cached-rcu --fault none,drop --window 20ms --seed 7 >faults.json
holds 'the matrix of faults is a document, too' python3 - faults.json <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
cells = document["cells"]
pairs = {(cell["fault"], cell["strategy"]) for cell in cells}
sound = all(cell["mistake"] is None and cell["recovered"] and sum(cell["reads"].values()) >= 12
            and cell["done"] <= cell["applied"] <= cell["done"] + cell["maybe"] for cell in cells)
sys.exit(document["seed"] != 7 or len(pairs) != 4 or not sound)
END

# serve_ready ARGUMENT...: a valve on free ports; sets url, http and stream.
serve_ready() {
    : >served.txt
    "$program" device serve --http 0 --stream 0 "$@" >served.txt 2>serve_errors.txt &
    server=$!
    for _ in $(seq 600); do
        grep -q '^seed: ' served.txt && break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    url=$(sed -n 's/^valve: \(.*\)\/$/\1/p' served.txt)
    http=${url##*:}
    stream=$(sed -n 's/^stream: 127.0.0.1:\([0-9]*\),.*/\1/p' served.txt)
    holds 'the valve is served' test -n "$http" -a -n "$stream"
}

end_server() {
    kill -"$1" "$server"
    wait "$server"
    holds "a served valve ends in order on $1" test $? -eq 0
    server=
    holds 'and says what it did' grep -qE '^[0-9]+ requests, [0-9]+ connections refused' served.txt
}

serve_ready --seed 7 --hand sine:45:2s --key open-sesame
holds 'the seed is printed' grep -q '^seed: 7$' served.txt
expect 0 'presets +0 Light' probe "$url" --key open-sesame
expect 0 'stream +off' probe "127.0.0.1:$http" --key open-sesame
expect 3 '401' probe "$url"
expect 3 "no HTTP port $http at 127.0.0.1: .*choose another" serve --http "$http"
expect 3 'no sample came: .*--http PORT' record "127.0.0.1:$stream" --time 10ms -o none.csv
expect 3 'no sample came: connected, nothing came; --http PORT' record "127.0.0.1:$http" --time 2s -o none.csv
expect 0 'samples in run.csv; 0 gaps' record "127.0.0.1:$stream" --http "$http" --key open-sesame --interval-ms 10 \
    --time 2s -o run.csv
holds 'a recording has a line of names' grep -q '^number,.*position_deg' run.csv
holds 'and samples' test "$(wc -l <run.csv)" -gt 5
expect 0 'samples in run.jsonl' record "127.0.0.1:$stream" --time 2s -o run.jsonl
holds 'a line of JSON for each' grep -q '^{"number":1,' run.jsonl
expect 0 'stream +on' probe "$url" --key open-sesame

# A recording that is interrupted keeps what it has.
"$program" device record "127.0.0.1:$stream" --time 1h -o partial.csv >partial.txt 2>&1 &
recorder=$!
for _ in $(seq 600); do
    "$program" device probe "$url" --key open-sesame | grep -q 'stream *on, 1 clients' && break
    sleep 0.05
done
sleep 2
kill -INT "$recorder"
wait "$recorder"
holds 'an interrupted recording ends with 130' test $? -eq 130
holds 'and is written' grep -q '^number,' partial.csv
end_server INT

# The scenarios speak to whatever valve they are given, and write to it only when that is allowed.
run_on() {
    "$program" run "$@" --device "$url" --rounds 1 --window 20ms --threads 1 --latency off --attempts 1 \
        -o device.json 2>&1
}
serve_ready --quirks none
run_on device-read --strategy internal-lock >read.txt
holds 'a scenario reads another valve' grep -qE "device-read +device=$url lock=" read.txt
holds 'and is judged by what else runs here, but for others' grep -q 'did not count against a sample' read.txt
holds 'as the document says' grep -q '"helped": true' device.json
holds 'a scenario does not write to it unasked' grep -q 'give --allow-motion' <(run_on device-commands --strategy command-queue)
holds 'and does when it may' grep -qE "device-commands +device=$url" <(run_on device-commands --strategy command-queue --allow-motion)
for scenario in stream-callbacks stream-fanout; do
    run_on "$scenario" --strategy queued --set stream="$stream" >streamed.txt
    holds "$scenario listens to another valve" grep -qE "$scenario +device=$url .*stream=$stream" streamed.txt
    # on a busy machine no sample counts, but it has been taken
    holds 'and heard of it' grep -qE '^1 samples, [01] rejected, 0 bad;' streamed.txt
done
holds 'its stream is left as it was' grep -qE 'stream +off, 0 clients.* [1-9][0-9]* lines sent' <("$program" device probe "$url")
holds 'the tuner does not write to it unasked' grep -q 'give --allow-motion' <(run_on tuner-shared --strategy locked)
holds 'and does when it may' grep -qE "tuner-shared +device=$url" <(run_on tuner-shared --strategy locked --allow-motion)
"$program" device serve --http 0 --stream 0 >other.txt 2>&1 &
gone=$!
for _ in $(seq 600); do
    grep -q '^seed: ' other.txt && break
    sleep 0.05
done
gone_url=$(sed -n 's/^valve: \(.*\)\/$/\1/p' other.txt)
kill "$gone"
wait "$gone"
for scenario in device-read device-async; do
    "$program" run "$scenario" --device "$gone_url" --rounds 1 --window 20ms -o none.json >unreachable.txt 2>&1
    holds "$scenario: a valve that does not answer is an error of the machine" test $? -eq 3
    holds 'which is told once, with its address' grep -q "^threadmill: --device: nothing was measured; .*${gone_url##*:}" unreachable.txt
    holds 'and nothing is written' test ! -e none.json
done
TM_DEVICE=$gone_url timeout 120 "$program" run device-read --strategy client-each --set transport=http --threads 1 --rounds 1 \
    --window 20ms --latency off -o failed.json >failed.txt 2>&1
holds 'a sample without an answer is a bad one' test $? -eq 1
holds 'for the reason that the reads had' grep -q 'operation failed: Connection refused' failed.txt
holds 'a device wants scenarios' grep -q 'name the scenarios' <("$program" run --device "$url" 2>&1)
holds "of its own kind, not counter" grep -q "^threadmill: --device: 'counter' speaks to no valve but its own; these can: .*device-read" \
    <("$program" run device-read counter --device "$url" 2>&1)
holds 'and an address' grep -q 'speaks no TLS' <("$program" run device-read --device https://127.0.0.1 2>&1)
end_server TERM

# Scenarios that write to a valve elsewhere, one that stages its config as the device does.
run_two_on() {
    "$program" run "$@" --rounds 1 --window 200ms --threads 2 --latency off --attempts 1 -o two.json 2>&1
}
lost_update() {
    run_two_on device-lost-update --strategy "$1" --device "$url" "${@:2}" >lost_update.txt
}
running() {
    "$program" device probe "$url" | sed -n 's/^ *status *//p'
}
serve_ready --quirks staged --service 100us
lost_update post
holds 'what writes to it waits to be allowed, and starts it' grep -q 'give --allow-motion' lost_update.txt
lost_update post --allow-motion
holds "a valve elsewhere loses one of two updates within a tick: control" test $? -eq 0
holds 'which is seen' grep -qE 'control: caught \(lost-update\)' lost_update.txt
holds 'and the valve is stopped again' grep -q idle <(running)
lost_update wait-a-tick,read-back --allow-motion
holds 'those that avoid it lose none there' test $? -eq 0
run_two_on device-power-cycle --strategy client-each --set every=20ms --device "$url" --allow-motion >power.txt
holds 'the power of a simulated valve elsewhere is switched by its wire' test $? -eq 0
holds 'and went off' python3 - two.json <<'END'
import json, sys
measures = [m for sample in json.load(open(sys.argv[1]))["samples"] for m in sample["measures"]]
sys.exit(not any(m["name"] == "cycles" and m["value"] >= 1 for m in measures))
END

# A valve that answers as a real one does: what is under /api, and nothing of /simulator.
python3 - "$url" >real.txt <<'END' &
import http.server, sys, urllib.request
class Valve(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code, body = 404, b'{"status":"error","error":"not_found"}'
        if self.path.startswith("/api/"):
            asked = urllib.request.Request(sys.argv[1] + self.path, headers={"X-API-Key": self.headers["X-API-Key"]})
            code, body = 200, urllib.request.urlopen(asked).read()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Valve)
print(server.server_port, flush=True)
server.serve_forever()
END
real=$!
for _ in $(seq 600); do
    [ -s real.txt ] && break
    sleep 0.05
done
rm -f two.json
run_two_on device-power-cycle --strategy client-each --device "http://127.0.0.1:$(cat real.txt)" --allow-motion >power.txt
holds 'a real valve has no such switch' test $? -eq 3
holds 'which is told' grep -q "nothing was measured; 'device-power-cycle' switches its valve off by .*no simulated one" power.txt
holds 'before anything is measured' test ! -e two.json
kill "$real"
wait "$real" 2>/dev/null
end_server TERM

holds 'to allow motion wants a valve' grep -q 'allow-motion is about the valve of --device, and there is none' \
    <(run_two_on device-read --allow-motion)
holds 'where a valve is is said once' grep -q "says where the valve is, and so does --set transport=in-process: give one" \
    <(run_two_on device-read --set think=1ms,transport=in-process --device http://127.0.0.1:1)

# Or to a valve of their own in another process.
for scenario in device-read device-power-cycle; do
    run_two_on "$scenario" --strategy client-each --set transport=process >process.txt
    holds "$scenario runs against a valve in a process of its own" test $? -eq 0
    holds 'beside which it is judged' grep -q '"helped": true' two.json
done
rm -f two.json
TM_DEVICE_PROGRAM=/bin/false run_two_on device-read --strategy pool --set transport=process >process.txt
holds 'one that does not start is an error of the machine' test $? -eq 3
holds 'which names the program' grep -q "transport=process: nothing was measured; '/bin/false device serve' serves no valve" process.txt
holds 'and nothing is written' test ! -e two.json
TM_DEVICE_PROGRAM=/nonexistent run_two_on device-read --strategy pool --set transport=process >process.txt
holds 'one that is not there is wrong use' test $? -eq 2

# Faults, at the start and while it runs.
serve_ready --faults 5xx=1:1 --quirks none
expect 3 '503' probe "$url"
if command -v curl >/dev/null; then
    holds 'faults are changed while it runs' \
        test "$(curl -s -H 'X-API-Key: steve-valve-2025' -d '' "$url/simulator/faults")" = '{"status":"ok"}'
    expect 0 'status +idle' probe "$url"
    holds 'the live page is served' grep -q '</html>' <(curl -s "$url/")
fi
end_server TERM

tally
