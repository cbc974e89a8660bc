"""A bare ODBC client for tests: unixODBC's functions as a C program calls them, driven by lines of JSON.

Each line on stdin is a list of a command and its arguments; each line on stdout is what it gave: {"ok": …} or {"error": [[state, native, text], …]}.
  connect TEXT [login timeout]    disconnect    autocommit BOOL    commit    rollback    query_timeout SECONDS    cancel_after SECONDS
  direct SQL                      prepare SQL   execute [PARAMETER…]   columns   fetch [how many]    more    rows    close    tables   columns_of NAME
A parameter is null, a text, or [C type, SQL type, size, digits, text]. Values come as text; binary ones as hexadecimal digits.
"""
import ctypes
import json
import sys
import threading

odbc = ctypes.CDLL("libodbc.so.2")
NTS, SUCCESS, WITH_INFO, NO_DATA = -3, 0, 1, 100
ENVIRONMENT, CONNECTION, STATEMENT = 1, 2, 3
CHAR, BINARY = 1, -2
BINARY_TYPES = {-2, -3, -4}
CHUNK = 1 << 16
pointer = ctypes.c_void_p


def text(value):
    return ctypes.create_string_buffer(value.encode("utf-8"))


class Failed(Exception):
    pass


class Client:
    def __init__(self):
        self.environment = self.handle(ENVIRONMENT, None)
        odbc.SQLSetEnvAttr(self.environment, 200, pointer(3), 0)
        self.connection = None
        self.statement = None
        self.bound = []
        self.shape = None
        self.canceller = None

    @staticmethod
    def handle(kind, parent):
        made = pointer()
        odbc.SQLAllocHandle(ctypes.c_short(kind), parent, ctypes.byref(made))
        return made

    def check(self, result, kind, handle):
        result = ctypes.c_short(result).value
        if result in (SUCCESS, WITH_INFO, NO_DATA):
            return result
        found, number = [], 1
        while True:
            state, native, words, length = ctypes.create_string_buffer(6), ctypes.c_int(), ctypes.create_string_buffer(2048), ctypes.c_short()
            if odbc.SQLGetDiagRec(ctypes.c_short(kind), handle, ctypes.c_short(number), state, ctypes.byref(native), words, 2048, ctypes.byref(length)) not in (0, 1):
                raise Failed(found)
            found.append([state.value.decode(), native.value, words.value.decode("utf-8", "replace")])
            number += 1

    def connect(self, words, seconds=10):
        self.connection = self.handle(CONNECTION, self.environment)
        odbc.SQLSetConnectAttr(self.connection, 103, pointer(seconds), 0)
        self.check(odbc.SQLDriverConnect(self.connection, None, text(words), NTS, None, 0, None, 0), CONNECTION, self.connection)
        self.statement = self.handle(STATEMENT, self.connection)

    def disconnect(self):
        self.check(odbc.SQLFreeHandle(STATEMENT, self.statement), STATEMENT, self.statement)
        self.check(odbc.SQLDisconnect(self.connection), CONNECTION, self.connection)

    def autocommit(self, on):
        self.check(odbc.SQLSetConnectAttr(self.connection, 102, pointer(1 if on else 0), 0), CONNECTION, self.connection)

    def commit(self):
        self.check(odbc.SQLEndTran(ctypes.c_short(CONNECTION), self.connection, ctypes.c_short(0)), CONNECTION, self.connection)

    def rollback(self):
        self.check(odbc.SQLEndTran(ctypes.c_short(CONNECTION), self.connection, ctypes.c_short(1)), CONNECTION, self.connection)

    def of_statement(self, result):
        return self.check(result, STATEMENT, self.statement)

    def query_timeout(self, seconds):
        self.of_statement(odbc.SQLSetStmtAttr(self.statement, 0, pointer(seconds), 0))

    def cancel_after(self, seconds):
        self.canceller = threading.Timer(seconds, lambda: odbc.SQLCancel(self.statement))
        self.canceller.start()

    # A cancel that is on its way must not meet the next statement.
    def settle(self):
        if self.canceller:
            self.canceller.join()
            self.canceller = None

    def direct(self, words):
        self.close()
        self.shape = None
        return self.of_statement(odbc.SQLExecDirect(self.statement, text(words), NTS))

    def prepare(self, words):
        self.close()
        odbc.SQLFreeStmt(self.statement, 3)
        self.bound, self.shape = [], None
        self.of_statement(odbc.SQLPrepare(self.statement, text(words), NTS))

    # Bound once: later executions put their values into the same places, so that the driver may keep what it prepared.
    def execute(self, *parameters):
        odbc.SQLFreeStmt(self.statement, 0)
        self.shape = None
        given = [p if isinstance(p, list) else [CHAR, -9, 100, 0, p] for p in parameters]
        if not self.bound:
            for index, (c_type, sql_type, size, digits, _) in enumerate(given):
                room, length = ctypes.create_string_buffer(CHUNK), ctypes.c_ssize_t()
                self.bound.append((room, length))
                self.of_statement(odbc.SQLBindParameter(
                    self.statement, ctypes.c_ushort(index + 1), ctypes.c_short(1), ctypes.c_short(c_type), ctypes.c_short(sql_type), ctypes.c_size_t(size), ctypes.c_short(digits), room,
                    ctypes.c_ssize_t(CHUNK), ctypes.byref(length)))
        for (room, length), (c_type, _, _, _, value) in zip(self.bound, given):
            if value is None:
                length.value = -1
                continue
            raw = bytes.fromhex(value) if c_type == BINARY else value.encode("utf-8")
            room[: len(raw)] = raw
            length.value = len(raw)
        return self.of_statement(odbc.SQLExecute(self.statement))

    def columns(self):
        count = ctypes.c_short()
        self.of_statement(odbc.SQLNumResultCols(self.statement, ctypes.byref(count)))
        self.shape = []
        for index in range(1, count.value + 1):
            name, length, sql_type, size, digits, nullable = ctypes.create_string_buffer(512), ctypes.c_short(), ctypes.c_short(), ctypes.c_size_t(), ctypes.c_short(), ctypes.c_short()
            self.of_statement(odbc.SQLDescribeCol(
                self.statement, ctypes.c_ushort(index), name, ctypes.c_short(512), ctypes.byref(length), ctypes.byref(sql_type), ctypes.byref(size), ctypes.byref(digits), ctypes.byref(nullable)))
            self.shape.append([name.value.decode("utf-8"), sql_type.value, size.value, digits.value, nullable.value])
        return self.shape

    def value(self, index, sql_type):
        parts, room, length = b"", ctypes.create_string_buffer(CHUNK), ctypes.c_ssize_t()
        c_type = BINARY if sql_type in BINARY_TYPES else CHAR
        while True:
            result = self.of_statement(odbc.SQLGetData(self.statement, ctypes.c_ushort(index), ctypes.c_short(c_type), room, ctypes.c_ssize_t(CHUNK), ctypes.byref(length)))
            if result == NO_DATA:
                break
            if length.value == -1:
                return None
            whole = CHUNK if c_type == BINARY else CHUNK - 1
            had = whole if length.value == -4 or length.value > whole else length.value
            parts += room.raw[:had]
            if result == SUCCESS:
                break
        return parts.hex() if c_type == BINARY else parts.decode("utf-8")

    def fetch(self, most=None):
        shape = self.shape or self.columns()
        rows = []
        while most is None or len(rows) < most:
            if self.of_statement(odbc.SQLFetch(self.statement)) == NO_DATA:
                break
            rows.append([self.value(index + 1, column[1]) for index, column in enumerate(shape)])
        return rows

    def more(self):
        self.shape = None
        return self.of_statement(odbc.SQLMoreResults(self.statement)) != NO_DATA

    def rows(self):
        count = ctypes.c_ssize_t()
        self.of_statement(odbc.SQLRowCount(self.statement, ctypes.byref(count)))
        return count.value

    def close(self):
        odbc.SQLFreeStmt(self.statement, 0)

    def tables(self):
        self.close()
        self.shape = None
        self.of_statement(odbc.SQLTables(self.statement, None, 0, None, 0, None, 0, text("TABLE"), NTS))

    def columns_of(self, name):
        self.close()
        self.shape = None
        self.of_statement(odbc.SQLColumns(self.statement, None, 0, None, 0, text(name), NTS, None, 0))


client = Client()
for line in sys.stdin:
    command, *arguments = json.loads(line)
    try:
        answer = {"ok": getattr(client, command)(*arguments)}
    except Failed as failed:
        answer = {"error": failed.args[0]}
    if command != "cancel_after":
        client.settle()
    print(json.dumps(answer, ensure_ascii=False), flush=True)
