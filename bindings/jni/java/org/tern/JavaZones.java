package org.tern;

import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;

/** The zones that java.time knows; names that are no IANA names, such as "GMT+7", are none. */
public final class JavaZones implements Ports.Zones {
    public static final JavaZones INSTANCE = new JavaZones();

    private final Set<String> names = Collections.unmodifiableSet(new HashSet<>(ZoneId.getAvailableZoneIds()));

    private JavaZones() {
    }

    @Override
    @Nullable
    public Integer offsetSeconds(String zone, long utcMicros) {
        if (!names.contains(zone)) {
            return null;
        }
        try {
            return ZoneId.of(zone).getRules().getOffset(Micros.instant(utcMicros)).getTotalSeconds();
        } catch (DateTimeException e) {
            return null;
        }
    }
}
