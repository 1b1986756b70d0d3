#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""client.py: a client of org.sbx1 on the system bus, written with nothing of ours: it starts, watches and
stops a sandbox, and is refused whatever changes something once it is not root any more. Runs in a bed, by
the python3 that has Debian's python3-dbus and python3-gi."""

import os
import pwd
import subprocess
import sys
import time
import xml.etree.ElementTree

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

NAME, ROOT = "org.sbx1", "/org/sbx1"
MANAGER, SANDBOX, JOB = "org.sbx1.Manager", "org.sbx1.Sandbox", "org.sbx1.Job"
PROPERTIES, OBJECTS = dbus.PROPERTIES_IFACE, "org.freedesktop.DBus.ObjectManager"
LOG_PATH, LOG = "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1"
UNIT = "client.sandbox"
UNIT_FILE = "/run/sbx/system/" + UNIT
TEXT = "[Unit]\nDescription=Of a client\n[Sandbox]\nLayers=busybox\nExecStart=/bin/sleep 1000\nTimeoutStopSec=7s\n"
WAIT_MSEC = 10000
FLOOD_SECONDS = 3

faults = 0


def check(name, good, detail=""):
    global faults
    faults += not good
    print(("ok" if good else "not ok"), name)
    if not good and detail:
        print("    #", detail)


class Client:
    def __init__(self):
        self.bus = dbus.SystemBus()
        self.manager = self.interface(ROOT, MANAGER)
        self.seen = []
        self.loop = GLib.MainLoop()
        self.bus.add_signal_receiver(self.on_signal, bus_name=NAME, path_keyword="path",
                                     interface_keyword="interface", member_keyword="member")

    def interface(self, path, name):
        return dbus.Interface(self.bus.get_object(NAME, path, introspect=False), name)

    def get(self, path, interface, name):
        return self.interface(path, PROPERTIES).Get(interface, name)

    def methods(self):
        """The names of all that the manager offers."""
        text = self.interface(ROOT, dbus.INTROSPECTABLE_IFACE).Introspect()
        offered = xml.etree.ElementTree.fromstring(text).findall(f"interface[@name='{MANAGER}']/method")
        return {method.get("name") for method in offered}

    def on_signal(self, *args, path, interface, member):
        self.seen.append((member, path, args))
        self.loop.quit()

    def wait(self, what):
        """Until one of the signals seen is what is looked for."""
        over = []
        timer = GLib.timeout_add(WAIT_MSEC, lambda: over.append(1) or self.loop.quit())
        while not over and not any(what(*signal) for signal in self.seen):
            self.loop.run()
        if not over:
            GLib.source_remove(timer)
        return not over

    def job(self, method):
        """Calls it and waits for the end of its job: the result."""
        path = getattr(self.manager, method)(UNIT, "replace")
        ended = lambda member, _path, args: member == "JobRemoved" and args[1] == path
        return [str(args[3]) for _, _, args in self.seen if len(args) == 4 and args[1] == path][-1:] \
            if self.wait(ended) else None


def changed(name, value):
    """A PropertiesChanged with this value."""
    return lambda member, _path, args: member == "PropertiesChanged" and args[1].get(name) == value


def error_of(call, *args):
    try:
        call(*args)
    except dbus.DBusException as error:
        return error.get_dbus_name()
    return "none"


def starts_watches_stops():
    client = Client()
    client.manager.Subscribe()
    path = client.manager.LoadUnit(UNIT)
    check("LoadUnit() gives the object", path == ROOT + "/sandbox/client_2esandbox", path)
    check("and tells of it", client.wait(lambda member, _, args: member == "UnitNew" and args[1] == path))
    managed = client.interface(ROOT, OBJECTS).GetManagedObjects()
    check("GetManagedObjects() has it with its directives",
          managed.get(path, {}).get(SANDBOX, {}).get("TimeoutStopSec") == 7000000)
    check("StartUnit() ends as done", client.job("StartUnit") == ["done"], client.seen)
    check("its job was told of", client.wait(
        lambda member, _, args: member == "InterfacesAdded" and JOB in args[1]))
    check("ActiveState was told of", client.wait(changed("ActiveState", "active")))
    check("and is what is read", client.get(path, SANDBOX, "ActiveState") == "active")
    pid = int(client.get(path, SANDBOX, "MainPID"))
    check("MainPID is a process", pid > 0 and os.path.exists(f"/proc/{pid}"), pid)
    rows = [row for row in client.manager.ListUnits() if row[0] == UNIT]
    check("ListUnits() has a row as systemd's", len(rows) == 1 and rows[0][1:5] == (
        "Of a client", "loaded", "active", "running"), rows)
    client.seen.clear()
    check("StopUnit() ends as done", client.job("StopUnit") == ["done"], client.seen)
    check("the end was told of", client.wait(changed("ActiveState", "inactive")))
    check("the process is gone", not os.path.exists(f"/proc/{pid}"))
    check("a name that is none has an error of ours",
          error_of(client.manager.StartUnit, "nosuch.sandbox", "replace") == NAME + ".Error.NoSuchUnit")


def stranger():
    """Every method and property that the introspection names: what reads is answered, what changes refused."""
    client = Client()
    path = client.manager.LoadUnit(UNIT)
    for name in ("ActiveState", "Description", "MainPID"):
        check(f"a stranger reads {name}", error_of(client.get, path, SANDBOX, name) == "none")
    check("a stranger lists units", len(client.manager.ListUnits()) > 0)
    reads = {
        "GetUnit": (UNIT,), "LoadUnit": (UNIT,), "ListUnits": (), "ListSandboxes": (), "ListUsage": (), "ListProcesses": (UNIT,),
        "ListUnitFiles": (), "ListJobs": (), "GetEffectiveLimits": (UNIT,), "Subscribe": (), "Unsubscribe": (),
    }
    for method, args in reads.items():
        check(f"{method}() is answered to a stranger", error_of(getattr(client.manager, method), *args) == "none")
    check("GetJob() is answered to a stranger",
          error_of(client.manager.GetJob, dbus.UInt32(1)) == NAME + ".Error.NoSuchJob")
    check("a stranger gets objects", path in client.interface(ROOT, OBJECTS).GetManagedObjects())
    calls = {
        "StartUnit": (UNIT, "replace"), "StopUnit": (UNIT, "replace"), "RestartUnit": (UNIT, "replace"),
        "KillUnit": (UNIT, "all", 9), "ResetFailedUnit": (UNIT,), "UnrefUnit": (UNIT,), "Reload": (),
        "CancelJob": (dbus.UInt32(1),), "AttachUnit": (UNIT,), "ReadLog": (UNIT, dbus.UInt64(0)),
        "KillExec": (dbus.UInt32(1), 9), "Exec": (UNIT, dbus.Array(["/bin/sh"], signature="s"),
                                                  dbus.Dictionary({}, signature="sv")),
        "StartTransientUnit": ("x.sandbox", "replace", dbus.Array([], signature="(sv)"),
                               dbus.Array([], signature="(sa(sv))")),
        "FreezeUnit": (UNIT,), "ThawUnit": (UNIT,),
        "SetUnitProperties": (UNIT, True, dbus.Array([], signature="(sv)")),
    }
    known = set(reads) | set(calls) | {"GetJob"}
    check("no method is left out here", client.methods() == known, client.methods() ^ known)
    for method, args in calls.items():
        check(f"{method}() is refused to a stranger", error_of(getattr(client.manager, method), *args)
              == "org.freedesktop.DBus.Error.AccessDenied")
    for method in ("Start", "Stop", "Restart"):
        check(f"{method}() of the object is refused to a stranger",
              error_of(getattr(client.interface(path, SANDBOX), method), "replace")
              == "org.freedesktop.DBus.Error.AccessDenied")
    check("LogLevel is read by a stranger", error_of(client.get, LOG_PATH, LOG, "LogLevel") == "none")
    check("and not written", error_of(client.interface(LOG_PATH, PROPERTIES).Set, LOG, "LogLevel", "debug")
          == "org.freedesktop.DBus.Error.AccessDenied")


def flood():
    """As many calls as one connection can make, for some seconds and until some are refused: by name.
    The bus daemon has a limit of its own, of 128 calls that wait for their answers: this stays below."""
    bus = dbus.SystemBus()
    answers, begun, waiting = {}, time.monotonic(), 0
    proxy = bus.get_object(NAME, ROOT, introspect=False)
    loop = GLib.MainLoop()

    def answered(what):
        nonlocal waiting
        waiting -= 1
        answers[what] = answers.get(what, 0) + 1

    def again(*_):
        nonlocal waiting
        spent = time.monotonic() - begun
        if spent > (FLOOD_SECONDS if NAME + ".Error.LimitsExceeded" in answers else 30):
            GLib.timeout_add(1000, loop.quit)
            return False
        while waiting < 64:
            waiting += 1
            proxy.ListUnits(dbus_interface=MANAGER, reply_handler=lambda _: answered("good"),
                            error_handler=lambda error: answered(error.get_dbus_name()))
        return True

    GLib.timeout_add(2, again)
    loop.run()
    print(f"# {answers}")
    limited = answers.get(NAME + ".Error.LimitsExceeded", 0)
    check("a flood is refused in part", answers.get("good", 0) > 0 and limited > 0, answers)


def as_stranger():
    nobody = pwd.getpwnam("nobody")
    command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups",
               sys.executable, os.path.abspath(__file__), "stranger"]
    return subprocess.run(command).returncode


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    roles = {"stranger": stranger, "flood": flood}
    if sys.argv[1:]:
        roles[sys.argv[1]]()
        sys.exit(faults != 0)
    os.makedirs(os.path.dirname(UNIT_FILE), exist_ok=True)
    with open(UNIT_FILE, "w", encoding="ascii") as stream:
        stream.write(TEXT)
    starts_watches_stops()
    sys.stdout.flush()
    status = as_stranger()
    os.unlink(UNIT_FILE)
    sys.exit(faults != 0 or status != 0)


main()
