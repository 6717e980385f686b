# The shell functions of the stories beside this file; needs a POSIX shell, sed and curl.
#
# A story sources this file, prints each step with `step`, sends requests with `get`, `post`, `put`
# and `patch`, and compares the answers with its expectations. The first difference ends it with
# exit code 1.

set -eu
at=${1:-http://127.0.0.1:8080}

# step SENTENCE: prints the next step.
step() {
    printf '\n%s\n' "$*"
}

get() { request GET "$@"; }
post() { request POST "$@"; }
put() { request PUT "$@"; }
patch() { request PATCH "$@"; }

# request METHOD PATH [BODY [HEADER]]: sends a request, prints it and its answer, and sets $status,
# $head and $body.
request() {
    printf '    %s\n' "$1 $2${3:+ $3}"
    send "$@"
    printf '    %s %s\n' "$status" "$body" | sed 's/,"_links":.*$/}/'
}

# send METHOD PATH [BODY [HEADER]]: sends a request, and sets $status, $head and $body.
send() {
    [ $# -ge 3 ] || set -- "$1" "$2" ''
    [ $# -ge 4 ] || set -- "$1" "$2" "$3" 'Accept: application/json'
    answer=$(curl -s -i -X "$1" "$at$2" -H "$4" ${3:+-H 'Content-Type: application/json' -d "$3"}) ||
        fail "nobody answers at $at"
    answer=$(printf '%s\n' "$answer" | tr -d '\r')
    status=$(printf '%s\n' "$answer" | sed -n '1s/^[^ ]* \([0-9]*\).*$/\1/p')
    head=$(printf '%s\n' "$answer" | sed '/^$/q')
    body=$(printf '%s\n' "$answer" | sed '1,/^$/d')
}

# expect STATUS: the answer has this status.
expect() {
    [ "$status" = "$1" ] || fail "the status is $status, not $1"
}

# shows FIELD VALUE: the answer has this field with this value.
shows() {
    found=$(field "$1")
    [ "$found" = "$2" ] || fail "$1 is \`$found\`, not \`$2\`"
}

# mentions TEXT: the answer contains this text.
mentions() {
    case $body in
    *"$1"*) ;;
    *) fail "there is no \`$1\` in it" ;;
    esac
}

# eventually PATH FIELD VALUE: repeats the request until the field has this value.
eventually() {
    tries=0
    send GET "$1"
    until [ "$(field "$2")" = "$3" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail "$1: $2 stays \`$(field "$2")\` and does not become \`$3\`"
        sleep 0.1 2>/dev/null || sleep 1
        send GET "$1"
    done
    printf '    GET %s\n    %s %s\n' "$1" "$status" "$body" | sed 's/,"_links":.*$/}/'
}

# number: prints the number of the created resource, the last part of its Location.
number() {
    printf '%s\n' "$head" | sed -n 's/^[Ll]ocation: .*\/\([0-9][0-9]*\)$/\1/p'
}

# field NAME: prints the first field of this name in the answer, as text. In a list it is that of the
# first row that has one; the name of the list itself is no field.
field() {
    printf '%s\n' "$body" | sed -n '
        s/"_embedded":{"[^"]*":/"_embedded":{/
        t search
        :search
        s/"'"$1"'":/\
/
        t found
        d
        :found
        s/^[^\n]*\n//
        s/^\([^],}"]*\)[],}].*$/\1/
        s/^"\([^"]*\)".*$/\1/
        p
        q'
}

fail() {
    printf '\n%s: %s\n    %s\n' "$0" "$*" "${answer:-}" >&2
    exit 1
}

# The last sentence of a story.
the_end() {
    printf '\nThat was all as it should be.\n'
}
