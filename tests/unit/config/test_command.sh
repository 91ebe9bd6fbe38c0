#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command vela-config, given as the first argument: exit codes, streams, files beside the main one.

tool=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0

# report DESCRIPTION WANTED GOT
report()
{
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "wanted: $2" "got: $3" | sed 's/^/# /'
	fi
}

mkdir "$work/guests" || exit 1
printf 'include "guests/b.conf"\nvm a { memory 64M; boot pvh { kernel "k" } }\n' >"$work/a.conf"
printf 'vm b { memory 64M; boot pvh { kernel "k"; initrd "/i" } }\n' >"$work/guests/b.conf"
printf 'vm c { memory 64M; boot pvh { kernel "k" } }\n' >"$work/c.conf"
printf 'include "guests/d.conf"\nvm\n' >"$work/wrong.conf"
printf 'vm d {\n memory 1M; boot pvh { kernel "k" } }\n' >"$work/guests/d.conf"
cd "$work" || exit 1

report "two right files" "a.conf: ok, 2 vms
c.conf: ok, 1 vm" "$("$tool" check a.conf c.conf 2>&1)"
report "files to boot" "include	guests/b.conf
file	guests/k
file	/i
file	k" "$("$tool" modules "$work/a.conf" 2>&1)"
printf 'switch s { }\nvm c { memory 64M; boot pvh { kernel "k" }
 disk d { module "i"; mode read-only }; net s { } }\n' >"$work/e.conf"
report "files of disks and programs of services" "file	k
file	i
program	net" "$("$tool" modules "$work/e.conf" 2>&1)"
printf 'storage b { device "00:04.0" }\nswitch a { uplink "0001:02:03.4" }\nvm c { memory 64M
 boot pvh { kernel "k" }; disk d { from b }; net a { } }\n' >"$work/f.conf"
report "places of storages and uplinks" "file	k
program	block
program	net
storage	00:04.0
uplink	0001:02:03.4" "$("$tool" modules "$work/f.conf" 2>&1)"
"$tool" check c.conf wrong.conf >out 2>err
report "one wrong file makes the exit code 1" 1 $?
report "the right one is still reported" "c.conf: ok, 1 vm" "$(cat out)"
report "places of mistakes" "guests/d.conf:2:9: wrong.conf:2:3: " \
	"$(sed -n 's/ error: .*/ /p' err | tr -d '\n')"
report "a missing file" "vela-config: cannot read nothing.conf" "$("$tool" check nothing.conf 2>&1)"
report "a directory" "vela-config: cannot read ." "$("$tool" explain . 2>&1)"
"$tool" explain a.conf >explained.conf 2>err
report "explain succeeds" 0 $?
report "an explanation is right" "explained.conf: ok, 2 vms" "$("$tool" check explained.conf 2>&1)"
"$tool" explain wrong.conf >out 2>err
report "explain of a wrong file fails" 1 $?
report "and prints nothing" "" "$(cat out)"
printf 'vm a { memory 64M; boot pvh { kernel "k" } }
vm b { memory 64M; boot pvh { kernel "l" }; net s { } }\n' >refused.conf
"$tool" check refused.conf >out 2>err
report "a mistake between blocks makes the exit code 1" 1 $?
report "and is reported" "refused.conf:2:49: error: there is no switch \"s\"" \
	"$(cat out; head -n 1 err)"
"$tool" modules refused.conf >out 2>modules.err
report "what is left can be booted" 0 $?
report "with all files" "file	k
file	l" "$(cat out)"
report "and the same report" "$(cat err)" "$(cat modules.err)"
"$tool" explain refused.conf >out 2>err
report "but not explained" 1 $?
report "at all" "" "$(cat out)"
"$tool" frobnicate a.conf >out 2>err
report "an unknown command exits with 2" 2 $?
report "and prints the usage" "usage: vela-config check FILE..." "$(sed -n 's/ *say.*//; 1p' err)"
"$tool" check >out 2>&1
report "check needs a file" 2 $?
report "keys prints the reference" "### At the top level" "$("$tool" keys | head -n 1)"
echo "1..$number"
