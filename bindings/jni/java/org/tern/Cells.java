package org.tern;

import java.util.LinkedHashMap;

/** Named values of a row, one after the other: {@code new Cells().with("role", "PATIENT").with("full_name", name)}. */
public final class Cells extends LinkedHashMap<String, Object> {
    private static final long serialVersionUID = 1L;

    public Cells with(String column, @Nullable Object value) {
        put(column, value);
        return this;
    }
}
