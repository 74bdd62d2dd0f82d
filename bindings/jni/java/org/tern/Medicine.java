package org.tern;

import java.util.UUID;

/** One medication of a prescription, to be filled in; what is left null is none. */
public final class Medicine {
    /** Of the medication that an edit changes; null: a new one. */
    @Nullable
    public UUID id;
    public String name;
    @Nullable
    public String nameKhmer;
    @Nullable
    public String imageUrl;
    /** JSON, such as {"amount":1,"before_meal":true}. */
    @Nullable
    public String morningDosage;
    @Nullable
    public String daytimeDosage;
    @Nullable
    public String nightDosage;
    /** In words, as docs/MEDICATION.md lists them. */
    @Nullable
    public String frequency;
    @Nullable
    public String timing;
    /** 0: open. */
    public int durationDays;
    /** Taken as needed. */
    public boolean isPrn;

    public Medicine(String name) {
        this.name = name;
    }

    void pack(Pack into) {
        into.id(id == null ? Prescription.NIL : id).text(name).text(nameKhmer).text(imageUrl).text(morningDosage)
            .text(daytimeDosage).text(nightDosage).text(frequency).text(timing).number(durationDays).flag(isPrn);
    }
}
