package org.tern;

/** One state of the replica, held while the body of {@link Replica#read} runs, and used by its thread. */
public final class Snapshot implements Queries {
    private final Core core;
    private final ReaderLink reader;
    private final Cursors cursors = new Cursors("snapshot");

    Snapshot(Core core) {
        this.core = core;
        this.reader = core.takeReader();
        try {
            Unpack.of(Native.readerBegin(reader.handle, null));
        } catch (RuntimeException | Error e) {
            core.giveReader(reader);
            throw e;
        }
    }

    @Override
    public Cursor query(String sql, Object... values) {
        cursors.check();
        return cursors.add(new Cursor(new Rows(core, reader.statements, null, sql, values), cursors));
    }

    void end() {
        try {
            cursors.end();
        } finally {
            Native.readerEnd(reader.handle, null);
            core.giveReader(reader);
        }
    }
}
