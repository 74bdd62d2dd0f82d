package org.tern;

import java.util.UUID;

/** One change of an outbox entry as text. */
public final class OutboxChange {
    /** insert, update, undo, delete or undelete. */
    public final String operation;
    public final String table;
    public final UUID row;
    /** Empty for an insert. */
    public final String unit;
    /** A JSON object, column to value. */
    public final String values;

    OutboxChange(Unpack out) {
        operation = String.valueOf(out.text());
        table = String.valueOf(out.text());
        row = out.id();
        unit = String.valueOf(out.text());
        values = String.valueOf(out.text());
    }
}
