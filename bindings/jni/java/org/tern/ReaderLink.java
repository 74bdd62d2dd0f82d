package org.tern;

/** A read-only connection with its compiled statements; one cursor or snapshot has it at a time. */
final class ReaderLink {
    final StatementCache statements;
    final long handle;

    ReaderLink(long handle) {
        this.handle = handle;
        this.statements = new StatementCache(sql -> Native.readerPrepare(handle, sql));
    }

    void free() {
        statements.free();
        Native.readerClose(handle, null);
    }
}
