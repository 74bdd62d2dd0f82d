package org.tern;

/** What a run of the generator did. */
public final class ScheduleReport {
    /** Doses made. */
    public final int made;
    /** Future ones without a record, moved to another time. */
    public final int moved;
    /** Medications whose words are none that a schedule can be made of. */
    public final int unscheduled;

    ScheduleReport(Unpack out) {
        made = out.number();
        moved = out.number();
        unscheduled = out.number();
    }
}
