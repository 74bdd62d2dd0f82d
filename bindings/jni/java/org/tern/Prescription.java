package org.tern;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What a clinician writes, to be filled in; what is left null is none. */
public final class Prescription {
    static final UUID NIL = new UUID(0, 0);

    /** Never changes. */
    public final UUID patient;
    @Nullable
    public UUID doctor;
    public String patientName;
    /** MALE, FEMALE or OTHER. */
    @Nullable
    public String patientGender;
    /** Below 0: not said. */
    public int patientAge = -1;
    @Nullable
    public String symptoms;
    @Nullable
    public String diagnosis;
    /** Null: the patient's local date when it is put in force; in an edit, as it stands. */
    @Nullable
    public LocalDate startDate;
    @Nullable
    public LocalDate endDate;
    public boolean isUrgent;
    /** Needed if urgent. */
    @Nullable
    public String urgentReason;
    /** Of an edit: the version that this was written from, as {@link PrescriptionState#version} has it; 0: not said. */
    public int baseVersion;
    /** In the order of their rows. */
    public final List<Medicine> medicines = new ArrayList<>();

    public Prescription(UUID patient, String patientName) {
        this.patient = patient;
        this.patientName = patientName;
    }

    private static String text(@Nullable LocalDate date) {
        return date == null ? null : date.toString();
    }

    Pack pack(Pack into) {
        into.id(patient).id(doctor == null ? NIL : doctor).text(patientName).text(patientGender).number(patientAge)
            .text(symptoms).text(diagnosis).text(text(startDate)).text(text(endDate)).flag(isUrgent).text(urgentReason)
            .number(baseVersion).number(medicines.size());
        for (Medicine medicine : medicines) {
            medicine.pack(into);
        }
        return into;
    }
}
