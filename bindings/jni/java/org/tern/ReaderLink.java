package org.tern;

/** A read-only connection with its compiled statements; one cursor or snapshot has it at a time. */
final class ReaderLink {
    final StatementCache statements;
    final long handle;

    ReaderLink(long replica) {
        statements = new StatementCache(this::compile);
        handle = Unpack.handle(Native.readerOpen(replica, null)); // last: nothing may fail behind it
    }

    private byte[] compile(byte[] sql) {
        return Native.readerPrepare(handle, sql);
    }

    void free() {
        statements.free();
        Native.readerClose(handle, null);
    }
}
