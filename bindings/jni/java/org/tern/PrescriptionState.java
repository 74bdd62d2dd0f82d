package org.tern;

import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;

/** A prescription as it stands. */
public final class PrescriptionState {
    /** In the order of {@code tern_prescription_status}. */
    public enum Status {
        DRAFT, ACTIVE, PAUSED, INACTIVE
    }

    private static final Status[] STATUSES = Status.values();

    public final UUID id;
    public final UUID patient;
    /** Nil: none. */
    public final UUID doctor;
    @Nullable
    public final String patientName;
    @Nullable
    public final String patientGender;
    /** -1: not said. */
    public final int patientAge;
    @Nullable
    public final String symptoms;
    @Nullable
    public final String diagnosis;
    /** Null: none is named; a form hands it back so. */
    @Nullable
    public final LocalDate startDate;
    /** That day; else the one on which it was put in force, as it stands by now, which may be another when more is
     *  heard. Null: nobody wrote one, as of a draft. */
    @Nullable
    public final LocalDate beginsOn;
    @Nullable
    public final LocalDate endDate;
    public final Status status;
    public final boolean isUrgent;
    @Nullable
    public final String urgentReason;
    public final Instant created;
    /** The current one. */
    public final int version;
    public final Instant versionTime;
    /** Of the version; nil: not known. */
    public final UUID author;
    /** Why the version was written. */
    @Nullable
    public final String changeReason;
    public final int medicationCount;
    /** In their order, where one prescription was read; empty in a list. */
    public final List<Medication> medications;

    PrescriptionState(Unpack out, boolean withMedications) {
        id = out.id();
        patient = out.id();
        doctor = out.id();
        patientName = out.textValue();
        patientGender = out.textValue();
        patientAge = out.number();
        symptoms = out.textValue();
        diagnosis = out.textValue();
        startDate = date(out.textValue());
        beginsOn = date(out.textValue());
        endDate = date(out.textValue());
        status = STATUSES[out.number()];
        isUrgent = out.flag();
        urgentReason = out.textValue();
        created = Micros.instant(out.big());
        version = out.number();
        versionTime = Micros.instant(out.big());
        author = out.id();
        changeReason = out.textValue();
        medicationCount = out.number();
        List<Medication> parts = new ArrayList<>();
        while (withMedications && out.flag()) {
            parts.add(new Medication(out));
        }
        medications = Collections.unmodifiableList(parts);
    }

    @Nullable
    private static LocalDate date(@Nullable String text) {
        return text == null ? null : LocalDate.parse(text);
    }
}
