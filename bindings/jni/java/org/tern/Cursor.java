package org.tern;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows one after the other, with a bounded part of them in memory; itself the current {@link Row}.
 *
 * <p>To be closed. One thread uses it at a time; one of a transaction only that transaction's thread, and its end closes it.
 */
public final class Cursor extends Row implements AutoCloseable {
    /** Makes a value of the current row; it may not keep the row. */
    public interface Mapper<T> {
        @Nullable
        T map(Row row);
    }

    private final Rows rows;
    @Nullable
    private final Cursors owner;
    @Nullable
    @SuppressWarnings("unused")
    private final Replica replica; /* kept, lest it be taken for forgotten */
    private final Reaper.Watch watch;

    /** One of a transaction or a snapshot. */
    Cursor(Rows rows, Cursors owner) {
        this(rows, owner, null);
    }

    /** One of a replica's own. */
    Cursor(Rows rows, Replica replica) {
        this(rows, null, replica);
    }

    private Cursor(Rows rows, @Nullable Cursors owner, @Nullable Replica replica) {
        this.rows = rows;
        this.owner = owner;
        this.replica = replica;
        this.watch = Reaper.watch(this, rows::close);
    }

    @Override
    StatementCache.Compiled statement() {
        return rows.statement;
    }

    /** Moves to the next row; false behind the last one. */
    public boolean next() {
        if (owner != null) {
            owner.check();
        }
        Unpack batch = rows.next(begins());
        show(batch);
        return batch != null;
    }

    /** All rows that are left, and closes. */
    public <T> List<T> list(Mapper<T> mapper) {
        List<T> all = new ArrayList<>();
        try {
            while (next()) {
                all.add(mapper.map(this));
            }
        } finally {
            close();
        }
        return all;
    }

    /** The next row, null without one, and closes. */
    @Nullable
    public <T> T first(Mapper<T> mapper) {
        try {
            return next() ? mapper.map(this) : null;
        } finally {
            close();
        }
    }

    @Override
    public void close() {
        rows.checkThread();
        if (owner != null && !owner.forget(this)) {
            return;
        }
        show(null);
        watch.cancel();
        rows.close();
    }
}
