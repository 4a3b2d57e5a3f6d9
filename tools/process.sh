# What the scripts that start processes share; to be sourced.

# process_runs PID_FILE TEXT: whether the process whose id the file holds is alive, and has TEXT in its command line
# (an id is given anew to another process).
process_runs() {
  local pid words attempt
  [[ -s $1 ]] && pid=$(<"$1") || return 1
  # A command line is empty for a moment while the process takes on its program, and for good when it has ended.
  for attempt in {1..20}; do
    kill -0 "$pid" 2>/dev/null || return 1
    words=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline") || return 1
    [[ -z $words ]] || break
    sleep 0.01 # waits: the program of a process that was just started
  done
  [[ $words == *"$2"* ]]
}

# free_ports COUNT: so many ports of 127.0.0.1 that nobody uses, below those that the system gives to clients, so that
# none takes them while their owner is stopped.
free_ports() {
  /usr/bin/python3 -c '
import random, socket, sys
ports = []
while len(ports) < int(sys.argv[1]):
    try:
        port = random.randrange(12000, 32000)
        socket.create_server(("127.0.0.1", port)).close()
        ports.append(port)
    except OSError:
        pass
print(*ports)' "$1"
}
