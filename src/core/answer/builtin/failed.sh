cat /tmp/kickstand-reason >/tmp/kickstand-failure 2>/dev/null || echo "the installer stopped" >/tmp/kickstand-failure
for log in /tmp/kickstand-pre.log /tmp/anaconda.log /tmp/program.log; do
    [ ! -f "$log" ] || { echo "== $log"; tail -n 40 "$log" | tail -c 5000; } >>/tmp/kickstand-failure
done
curl --silent --show-error --max-time 30 --retry 5 --retry-delay 3 --retry-connrefused --output /dev/null \
    --data-urlencode event=failed --data-urlencode mac={{ mac }} --data-urlencode token={{ token }} \
    --data-urlencode log@/tmp/kickstand-failure {{ report_url | shell }}
