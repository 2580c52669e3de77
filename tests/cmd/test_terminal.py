#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What happens where a person sits: each case has a pseudo-terminal as its controlling one."""
import os
import pty
import select
import signal
import termios
import time

from cli import PROGRAM, case, main


class Terminal:
    """A program whose controlling terminal, and by choice some of its streams, is a pty."""

    def __init__(self, home, *args, stdin=True, stdout=True, environment=None):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home.path)
            null = os.open("/dev/null", os.O_RDWR)
            if not stdin:
                os.dup2(null, 0)
            if not stdout:
                os.dup2(os.open("stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
            os.execve(PROGRAM, [PROGRAM, *map(str, args)], {**home.environment, **(environment or {})})

    def read(self, timeout=20):
        """What comes until it pauses; False at the end."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.shown += data
        return bool(data)

    def expect(self, text, timeout=20):
        end = time.monotonic() + timeout
        while text not in self.shown:
            assert time.monotonic() < end and self.read(), (text, self.shown)

    def type(self, line):
        os.write(self.fd, line + b"\n")

    def echo(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        while self.read():
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

# Under nohup it would be ignored, and so it is by the program then: not what is tried here.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@case
def a_sealed_blob_is_not_written_to_a_terminal(home):
    home.write("in", b"1")
    terminal = Terminal(home, "seal", "--no-recovery", "in")
    assert terminal.end() == 2 and b"(BL-0204)" in terminal.shown, terminal.shown
    assert b"\x89BLS" not in terminal.shown
    terminal = Terminal(home, "key", "generate")
    assert terminal.end() == 2 and b"bulla-secret" not in terminal.shown, terminal.shown


@case
def text_is_shown_on_a_terminal_and_binary_is_not(home):
    home.sealed(b"s3cret\n")
    terminal = Terminal(home, "unseal", "demo.bulla")
    assert terminal.end() == 0 and terminal.shown == b"s3cret\r\n", terminal.shown
    for number, content in enumerate((b"\x1b[2J", b"\0", b"\xff", "\u202e".encode(), b"x" * 2_000_000)):
        blob = home.sealed(content, "x", f"b{number}")
        terminal = Terminal(home, "unseal", blob)
        assert terminal.end() == 2 and b"(BL-0204)" in terminal.shown, terminal.shown[:300]
        assert content[:8] not in terminal.shown, terminal.shown[:300]
        assert home.bulla("unseal", blob).ok().out == content


@case
def a_passphrase_is_asked_twice_without_echo(home):
    home.write("in", b"hello\n")
    terminal = Terminal(home, "seal", "-p", "-o", "b", "in")
    terminal.expect(b"passphrase to seal with: ")
    assert not terminal.echo()
    terminal.type(b"open sesame")
    terminal.expect(b"the same again: ")
    terminal.type(b"open sesame")
    assert terminal.end() == 0 and b"sesame" not in terminal.shown, terminal.shown
    terminal = Terminal(home, "unseal", "b")
    terminal.expect(b"passphrase: ")
    terminal.type(b"open sesame")
    assert terminal.end() == 0 and b"hello" in terminal.shown and b"sesame" not in terminal.shown
    terminal = Terminal(home, "unseal", "b", stdin=False, stdout=False)  # asks on the terminal all the same
    terminal.expect(b"passphrase: ")
    terminal.type(b"open sesame")
    assert terminal.end() == 0 and (home / "stdout").read_bytes() == b"hello\n"
    terminal = Terminal(home, "unseal", "b")
    terminal.expect(b"passphrase: ")
    terminal.type(b"wrong")
    assert terminal.end() == 6 and b"(BL-0605)" in terminal.shown


@case
def slips_of_the_passphrase_are_noticed(home):
    home.write("in", b"1")
    for first, second in ((b"one", b"two"), (b"", None), (b"x" * 2000, None)):
        terminal = Terminal(home, "seal", "-p", "-o", "b", "in")
        terminal.expect(b"passphrase to seal with: ")
        terminal.type(first)
        if second is not None:
            terminal.expect(b"the same again: ")
            terminal.type(second)
        assert terminal.end() == 2 and b"(BL-0201)" in terminal.shown, terminal.shown
        assert not (home / "b").exists() and home.leftovers() == []


@case
def without_a_terminal_nobody_is_asked(home):
    home.write("in", b"1")
    home.bulla("seal", "-p", "-o", "b", "in", start_new_session=True).fails(2, "BL-0206")
    home.write("pw", b"pw")
    home.bulla("seal", "--passphrase-file", "pw", "-o", "b", "in").ok()
    home.bulla("unseal", "-p", "b", start_new_session=True).fails(2, "BL-0206")
    home.bulla("unseal", "b", start_new_session=True).fails(6)


@case
def an_interrupt_restores_the_terminal_and_leaves_nothing(home):
    home.write("in", b"1")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        terminal = Terminal(home, "seal", "-p", "-o", "b", "in")
        terminal.expect(b"passphrase to seal with: ")
        assert not terminal.echo()
        os.kill(terminal.pid, number)
        status = os.waitpid(terminal.pid, 0)[1]
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number, status
        assert terminal.echo() and home.leftovers() == [] and not (home / "b").exists()
        os.close(terminal.fd)


@case
def progress_is_shown_after_a_second_and_only_on_a_terminal(home):
    os.mkfifo(home / "pipe")
    terminal = Terminal(home, "seal", "--name", "x", "--no-recovery", "-o", "b", "pipe")
    writer = os.open(home / "pipe", os.O_WRONLY)
    os.write(writer, b"x" * 50_000)
    terminal.expect(b"\x1b[Kbulla: seal: ", 10)
    os.close(writer)
    assert terminal.end() == 0 and terminal.shown.endswith(b"\x1b[K"), terminal.shown
    process = home.start("seal", "--name", "x", "--no-recovery", "-f", "-o", "b", "pipe", stderr=-1)
    writer = os.open(home / "pipe", os.O_WRONLY)
    time.sleep(1.3)
    os.close(writer)
    assert b"\x1b" not in process.communicate(timeout=60)[1]


@case
def colour_is_for_terminals_that_want_it(home):
    terminal = Terminal(home, "doctor")
    assert terminal.end() == 0 and b"\x1b[32mok" in terminal.shown, terminal.shown
    terminal = Terminal(home, "doctor", environment={"NO_COLOR": "1"})
    assert terminal.end() == 0 and b"\x1b" not in terminal.shown
    assert "\x1b" not in home.bulla("doctor").ok().text


main()
