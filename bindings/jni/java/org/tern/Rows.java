package org.tern;

/**
 * The native side of a cursor: a running statement and the batch of rows that came last.
 *
 * <p>At most one batch is in memory, however many rows there are.
 */
final class Rows implements Core.Child {
    final StatementCache.Compiled statement;
    private final Core core;
    private final StatementCache cache;
    @Nullable
    private final ReaderLink reader;
    private Unpack batch;
    private int left;
    private boolean more;
    private boolean open = true;

    /**
     * Runs a statement to its first batch.
     *
     * @param reader given back at the end; null: the statement's connection is somebody else's to keep
     */
    Rows(Core core, StatementCache cache, @Nullable ReaderLink reader, String sql, Object[] values) {
        this.core = core;
        this.cache = cache;
        this.reader = reader;
        this.statement = cache.take(sql);
        try {
            take(Unpack.of(Native.statementRun(statement.handle, statement.bind(values))));
            statement.describe(batch);
            core.add(this);
        } catch (RuntimeException | Error e) {
            Native.statementReset(statement.handle, null);
            cache.give(statement);
            throw e;
        }
    }

    private void take(Unpack next) {
        batch = next;
        left = next.number();
        more = next.number() != 0;
    }

    /** Moves to the next row; null behind the last, or the batch that it is in. */
    @Nullable
    synchronized Unpack next(int[] begins) {
        if (!open) {
            throw TernException.misuse("the cursor is closed");
        }
        while (left == 0 && more) {
            core.gate.enter();
            try {
                take(Unpack.of(Native.statementMore(statement.handle, null)));
            } catch (RuntimeException | Error e) {
                more = false;
                throw e;
            } finally {
                core.gate.leave();
            }
        }
        if (left == 0) {
            return null;
        }
        left--;
        batch.cells(begins);
        return batch;
    }

    void checkThread() {
        core.gate.checkThread();
    }

    /** Closes from outside of a call; nothing is left to do once the replica is closed. */
    void close() {
        synchronized (this) {
            if (!open) {
                return;
            }
        }
        core.release(this);
    }

    @Override
    public void stop() {
    }

    @Override
    public synchronized void free() {
        if (!open) {
            return;
        }
        open = false;
        core.remove(this);
        Native.statementReset(statement.handle, null);
        cache.give(statement);
        if (reader != null) {
            core.giveReader(reader);
        }
    }
}
