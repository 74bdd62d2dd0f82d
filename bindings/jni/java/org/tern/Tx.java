package org.tern;

import java.util.Map;
import java.util.UUID;

/**
 * A transaction, as {@link Replica#write} hands it to its body: the unit of upload, shown whole or not at all.
 *
 * <p>It is used by the body's thread, until the body ends.
 */
public final class Tx implements Queries {
    private final Core core;
    private final Cursors cursors = new Cursors("transaction");
    private final long handle;

    Tx(Core core, boolean inferred) {
        this.core = core;
        this.handle = Unpack.handle(Native.txBegin(core.handle(), new Pack().flag(inferred).bytes()));
        core.beginsToWrite();
    }

    private void check() {
        cursors.check();
    }

    private void end() {
        try {
            cursors.end();
        } finally {
            core.endsWriting();
        }
    }

    /** How many units of an inferred transaction yielded to a recorded value. */
    long commit() {
        try {
            end();
        } catch (Throwable e) { // no memory to close its cursors: the writer must not stay taken
            Native.txRollback(handle, null);
            throw e;
        }
        return Unpack.of(Native.txCommit(handle, null)).big();
    }

    void rollback() {
        try {
            end();
        } finally {
            Native.txRollback(handle, null);
        }
    }

    /** Runs a statement that gives no rows. On synced tables DELETE marks the row deleted. */
    public void execute(String sql, Object... values) {
        check();
        StatementCache.Compiled statement = core.writer.take(sql);
        try {
            Unpack out = Unpack.of(Native.statementRun(statement.handle, statement.bind(values)));
            if (out.number() > 0) {
                throw TernException.misuse("the statement gives rows: query it");
            }
        } finally {
            Native.statementReset(statement.handle, null);
            core.writer.give(statement);
        }
    }

    /** Rows as this transaction sees them; also of a write that returns rows. */
    @Override
    public Cursor query(String sql, Object... values) {
        check();
        return cursors.add(new Cursor(new Rows(core, core.writer, null, sql, values), cursors));
    }

    /** Inserts a row; columns left out take their defaults. Its id is derived, or the cell "id", or minted. */
    public UUID insert(String table, Map<String, ?> cells) {
        check();
        return Unpack.of(Native.rowInsert(handle, pack(new Pack().text(table), cells).bytes())).id();
    }

    public void update(String table, UUID id, Map<String, ?> cells) {
        check();
        Unpack.of(Native.rowUpdate(handle, pack(new Pack().text(table).id(id), cells).bytes()));
    }

    /** Takes a recorded act back: as {@link #update}, and a person's word whatever the schema's rule calls the value. */
    public void undo(String table, UUID id, Map<String, ?> cells) {
        check();
        Unpack.of(Native.rowUndo(handle, pack(new Pack().text(table).id(id), cells).bytes()));
    }

    public void delete(String table, UUID id) {
        check();
        Unpack.of(Native.rowDelete(handle, new Pack().text(table).id(id).bytes()));
    }

    public void undelete(String table, UUID id) {
        check();
        Unpack.of(Native.rowUndelete(handle, new Pack().text(table).id(id).bytes()));
    }

    /** Follows a table for data that the app derives from it; see {@code tern/follow.h}. */
    public void follow(String name, String table, String first, @Nullable String second) {
        check();
        Unpack.of(Native.txFollow(handle, new Pack().text(name).text(table).text(first).text(second).bytes()));
    }

    private static Pack pack(Pack head, Map<String, ?> cells) {
        head.number(cells.size());
        for (Map.Entry<String, ?> cell : cells.entrySet()) {
            head.text(cell.getKey()).value(cell.getValue());
        }
        return head;
    }
}
