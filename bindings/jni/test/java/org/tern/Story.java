package org.tern;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Plays one story of tests/shared through Java; README.md there says what its words mean. */
final class Story implements AutoCloseable {
    private static final long EACH_BYTE = 0x0101010101010101L;

    /** One replica with its clock, its random numbers and its token. */
    private final class Device {
        private final String name;
        private final String user;
        private final Replica replica;
        private Care care;
        private long state;
        private long skew;
        private long boot = 7;
        private boolean hasSynced;

        private Device(Map<String, Object> step) throws IOException {
            name = (String) step.get("on");
            user = (String) step.get("user");
            state = (Long) step.get("seed");
            replica = new Replica.Options(folder.resolve(name + ".db").toString())
                .schema(Files.readAllBytes(Fixture.ROOT.resolve((String) story.get("schema")))).user(UUID.fromString(user))
                .ports(new Ports().random(this::fill).clock(new Ports.Clock() {
                    @Override
                    public long wallMicros() {
                        return now + skew;
                    }

                    @Override
                    public long monotonicMicros() {
                        return now;
                    }

                    @Override
                    public UUID bootId() {
                        return new UUID(boot * EACH_BYTE, boot * EACH_BYTE);
                    }
                })).open();
        }

        /** In the boot of a sync no clock misleads the library: it came up anew with this one. */
        private void setClock(long wanted) {
            if (hasSynced && wanted != skew) {
                boot++;
                hasSynced = false;
            }
            skew = wanted;
        }

        private void fill(byte[] bytes) {
            long number = 0;
            for (int i = 0; i < bytes.length; i++) {
                if (i % 8 == 0) {
                    state += 0x9e3779b97f4a7c15L;
                    number = (state ^ (state >>> 30)) * 0xbf58476d1ce4e5b9L;
                    number = (number ^ (number >>> 27)) * 0x94d049bb133111ebL;
                    number ^= number >>> 31;
                }
                bytes[i] = (byte) (number >>> (8 * (i % 8)));
            }
        }

        private Care care() {
            if (care == null) {
                care = replica.care();
            }
            return care;
        }

        private String token(boolean refused) {
            try {
                return refused ? null : server.token(user);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private final Path folder;
    private final Map<String, Object> story;
    private final Map<String, Device> devices = new LinkedHashMap<>();
    private final Map<String, UUID> names = new LinkedHashMap<>();
    private final StringBuilder told = new StringBuilder();
    private final StoryServer server;
    private long now;

    Story(Path folder, Map<String, Object> story) {
        this.folder = folder;
        this.story = story;
        server = new StoryServer(folder, story);
    }

    /** Plays it; gives what each replica holds, and what the steps gave, by name. */
    Map<String, String> tell() throws Exception {
        List<Object> steps = Json.list(story.get("steps"));
        setClock((String) Json.object(steps.get(0)).get("at"));
        server.start();
        for (Object step : steps) {
            play(Json.object(step));
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (Device device : devices.values()) {
            texts.put(device.name, dump(device.replica));
        }
        texts.put("told", told.toString());
        return texts;
    }

    @Override
    public void close() throws Exception {
        for (Device device : devices.values()) {
            device.replica.close();
        }
        server.close();
    }

    /* ---- The world ---- */

    private static Instant time(String text) {
        return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    }

    private static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }

    private void setClock(String at) throws IOException {
        now = micros(time(at));
        server.setClock(now);
    }

    /* ---- Values ---- */

    private static byte[] unhex(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    private UUID id(Object json) {
        Map<String, Object> object = Json.object(json);
        return object.containsKey("named") ? names.get((String) object.get("named"))
            : UUID.fromString((String) object.get("id"));
    }

    private Object value(Object json) {
        if (!(json instanceof Map)) {
            return json;
        }
        Map.Entry<String, Object> entry = Json.object(json).entrySet().iterator().next();
        String text = (String) entry.getValue();
        switch (entry.getKey()) {
            case "time":
                return time(text);
            case "decimal":
                return new BigDecimal(text);
            case "date":
                return LocalDate.parse(text);
            case "bytes":
                return unhex(text);
            case "text":
                return new String(unhex(text), StandardCharsets.UTF_8);
            default:
                return id(json);
        }
    }

    private Object[] values(Object json) {
        return Json.list(json).stream().map(this::value).toArray();
    }

    private Cells cells(Object json) {
        Cells cells = new Cells();
        Json.object(json).forEach((name, value) -> cells.with(name, value(value)));
        return cells;
    }

    /** The cell of a row as what the story expects it to be, read by the getter of its type. */
    private static Object typed(Row row, int column, Object json) {
        if (row.isNull(column)) {
            return null;
        }
        if (json instanceof Boolean) {
            return row.getBoolean(column);
        }
        if (!(json instanceof Map)) {
            return row.getObject(column);
        }
        switch (Json.object(json).keySet().iterator().next()) {
            case "time":
                return row.getInstant(column);
            case "decimal":
                return row.getDecimal(column);
            case "date":
                return row.getDate(column);
            case "bytes":
                return hex(row.getBytes(column));
            case "text":
                return row.getString(column);
            default:
                return row.getUuid(column);
        }
    }

    /* ---- Steps ---- */

    private void play(Map<String, Object> step) throws Exception {
        String what = (String) step.get("do");
        if (step.containsKey("at")) {
            setClock((String) step.get("at"));
        }
        if (server.play(step)) {
            return;
        }
        if (what.equals("open")) {
            devices.put((String) step.get("on"), new Device(step));
        }
        Device device = devices.get((String) step.get("on"));
        if (step.containsKey("clock")) {
            device.setClock(micros(time((String) step.get("clock"))) - now);
        }
        String found = "OK";
        String message = "";
        try {
            if (!what.equals("open") && !playBasic(device, step, what) && !playCare(device.care(), step, what)) {
                throw new AssertionError("there is no step " + what);
            }
        } catch (TernException e) {
            found = e.problem() == Problem.NONE ? e.code().name() : e.problem().name();
            message = e.getMessage();
        }
        if (what.equals("sync")) {
            device.hasSynced = true;
        }
        if (!found.equals(step.getOrDefault("fails", "OK"))) {
            throw new AssertionError(step + " ends with " + found + ": " + message);
        }
    }

    private boolean playBasic(Device device, Map<String, Object> step, String what) throws Exception {
        switch (what) {
            case "write":
                write(device.replica, step);
                return true;
            case "sync":
                SyncProgress done = device.replica.newSync(server.transport(), device::token, Fixture.once()).run();
                tell("sync " + done.sentTxs + " " + done.pendingTxs + " " + done.rows);
                return true;
            case "expect":
                expect(device.replica, step);
                return true;
            case "name":
                names.put((String) step.get("as"), firstId(device.replica, step));
                return true;
            case "reinstate":
                device.replica.reinstate(firstId(device.replica, step));
                return true;
            default:
                return false;
        }
    }

    private void tell(String line) {
        told.append(line).append('\n');
    }

    private void write(Replica replica, Map<String, Object> step) {
        Replica.Write body = tx -> {
            for (Object change : Json.list(step.get("changes"))) {
                change(tx, Json.object(change));
            }
        };
        if (Boolean.TRUE.equals(step.get("inferred"))) {
            tell("inferred " + replica.infer(body));
        } else {
            replica.write(body);
        }
    }

    private void change(Tx tx, Map<String, Object> change) {
        Map.Entry<String, Object> first = change.entrySet().iterator().next();
        String table = (String) first.getValue();
        switch (first.getKey()) {
            case "sql":
                tx.execute(table, values(change.get("values")));
                break;
            case "insert":
                UUID id = tx.insert(table, cells(change.get("cells")));
                names.put((String) change.get("as"), id);
                break;
            case "update":
                tx.update(table, id(change.get("row")), cells(change.get("cells")));
                break;
            case "undo":
                tx.undo(table, id(change.get("row")), cells(change.get("cells")));
                break;
            case "delete":
                tx.delete(table, id(change.get("row")));
                break;
            case "undelete":
                tx.undelete(table, id(change.get("row")));
                break;
            default:
                throw new AssertionError("there is no change " + first.getKey());
        }
    }

    private void expect(Replica replica, Map<String, Object> step) {
        List<Object> rows = Json.list(step.get("rows"));
        int count = 0;
        try (Cursor row = replica.query((String) step.get("sql"), values(step.get("values")))) {
            for (; row.next(); count++) {
                List<Object> wanted = count < rows.size() ? Json.list(rows.get(count)) : new ArrayList<>();
                Fixture.same(row.columns(), wanted.size());
                for (int i = 0; i < row.columns(); i++) {
                    Object value = value(wanted.get(i));
                    Fixture.same(value instanceof byte[] ? hex((byte[]) value) : value, typed(row, i, wanted.get(i)));
                }
            }
        }
        Fixture.same(rows.size(), count);
    }

    private UUID firstId(Replica replica, Map<String, Object> step) {
        return replica.query((String) step.get("sql"), values(step.get("values"))).first(row -> row.getUuid(0));
    }

    /* ---- The medication day ---- */

    private boolean playCare(Care care, Map<String, Object> step, String what) {
        UUID prescription = step.containsKey("prescription") ? id(step.get("prescription")) : null;
        UUID dose = step.containsKey("dose") ? id(step.get("dose")) : null;
        switch (what) {
            case "prescribe":
                names.put((String) step.get("as"), care.createPrescription(sheet(step), (String) step.get("reason")));
                return true;
            case "edit":
                tell("version " + care.editPrescription(prescription, sheet(step), (String) step.get("reason")));
                return true;
            case "activate":
                care.activatePrescription(prescription);
                return true;
            case "pause":
                care.pausePrescription(prescription);
                return true;
            case "resume":
                care.resumePrescription(prescription);
                return true;
            case "end":
                care.endPrescription(prescription);
                return true;
            case "take":
                tell("taken " + care.take(dose, act(step)).ordinal());
                return true;
            case "skip":
                care.skip(dose, (String) step.get("reason"), Boolean.TRUE.equals(step.get("offline")));
                return true;
            case "undo_dose":
                care.undo(dose);
                return true;
            case "take_prn":
                names.put((String) step.get("as"), care.takeAsNeeded(id(step.get("medication")), act(step)));
                return true;
            default:
                return playReport(care, step, what);
        }
    }

    private boolean playReport(Care care, Map<String, Object> step, String what) {
        switch (what) {
            case "schedule":
                ScheduleReport report = care.generateSchedule(null);
                tell("schedule " + report.made + " " + report.moved + " " + report.unscheduled);
                return true;
            case "doses":
                doses(care, step);
                return true;
            case "missed":
                MissedCursor missed = care.inferMissed(null, 1000, MissedCursor.START);
                tell("missed " + missed.missed + " " + (missed.hasMore ? 1 : 0));
                return true;
            case "settings":
                settings(care, step);
                return true;
            case "audit":
                audit(care, step);
                return true;
            default:
                return false;
        }
    }

    private Prescription sheet(Map<String, Object> step) {
        Prescription sheet = new Prescription(id(step.get("patient")), (String) step.get("patient_name"));
        sheet.diagnosis = (String) step.get("diagnosis");
        sheet.startDate = LocalDate.parse((String) step.get("start"));
        for (Object each : Json.list(step.get("medicines"))) {
            Map<String, Object> from = Json.object(each);
            Medicine medicine = new Medicine((String) from.get("name"));
            medicine.id = from.containsKey("id") ? id(from.get("id")) : null;
            medicine.nameKhmer = (String) from.get("name_khmer");
            medicine.morningDosage = (String) from.get("morning");
            medicine.daytimeDosage = (String) from.get("daytime");
            medicine.nightDosage = (String) from.get("night");
            medicine.isPrn = Boolean.TRUE.equals(from.get("prn"));
            sheet.medicines.add(medicine);
        }
        return sheet;
    }

    private static TakeOptions act(Map<String, Object> step) {
        String taken = (String) step.get("taken");
        return new TakeOptions().taken(taken == null ? null : time(taken)).insist(Boolean.TRUE.equals(step.get("insist")))
            .wasOffline(Boolean.TRUE.equals(step.get("offline")));
    }

    private static void settings(Care care, Map<String, Object> step) {
        if (step.containsKey("time_zone")) {
            care.setTimeZone((String) step.get("time_zone"));
        }
        if (step.containsKey("grace")) {
            care.setGraceMinutes(((Long) step.get("grace")).intValue());
        }
        if (step.containsKey("meals")) {
            List<Object> meals = Json.list(step.get("meals"));
            care.setMeals((String) meals.get(0), (String) meals.get(1), (String) meals.get(2));
        }
    }

    private void doses(Care care, Map<String, Object> step) {
        List<Object> named = Json.list(step.get("as"));
        List<Dose> doses = care.doses(null, LocalDate.parse((String) step.get("date")));
        for (int i = 0; i < doses.size(); i++) {
            Dose dose = doses.get(i);
            tell("dose " + dose.id + " " + micros(dose.scheduled) + " " + dose.period.ordinal() + " " + dose.status.ordinal() + " "
                + (dose.taken == null ? 0 : micros(dose.taken)) + " " + (dose.wasOffline ? 1 : 0) + spelled(dose.slot,
                dose.skipReason, dose.medicineName, dose.medicineNameKhmer, dose.dosage));
            if (i < named.size()) {
                names.put((String) named.get(i), dose.id);
            }
        }
    }

    private void audit(Care care, Map<String, Object> step) {
        AuditLog.Query query = new AuditLog.Query();
        query.limit = 1000;
        Settings.Language language = step.get("language").equals("km") ? Settings.Language.KHMER : Settings.Language.ENGLISH;
        for (AuditLog.Entry entry : care.audit(query, language, null).entries) {
            tell("audit " + micros(entry.time) + " " + entry.kind + " " + (entry.isUndone ? 1 : 0) + " "
                + (entry.isSetAside ? 1 : 0) + " " + entry.row + spelled(entry.actorRole, entry.table, entry.details,
                entry.unit, entry.lost, entry.kept) + " " + entry.sentence);
        }
    }

    /* ---- What a replica holds ---- */

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }

    private static String spelled(Object... values) {
        StringBuilder text = new StringBuilder();
        for (Object value : values) {
            text.append(' ').append(spell(value));
        }
        return text.toString();
    }

    private static String spell(Object value) {
        if (value == null) {
            return "N";
        } else if (value instanceof Long) {
            return "I" + value;
        } else if (value instanceof Double) {
            return String.format("R%016x", Double.doubleToRawLongBits((Double) value));
        } else if (value instanceof String) {
            return "T" + hex(((String) value).getBytes(StandardCharsets.UTF_8));
        }
        return "B" + hex((byte[]) value);
    }

    private static String dump(Replica replica) {
        StringBuilder text = new StringBuilder();
        List<String> tables = replica.query("SELECT name FROM sqlite_master WHERE type = 'table' "
            + "AND name NOT LIKE 'tern\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
            .list(row -> row.getString(0));
        for (String table : tables) {
            text.append("table ").append(table).append('\n');
            dumpTable(replica, table, text);
        }
        List<OutboxEntry> entries = replica.outbox();
        for (OutboxEntry entry : entries) {
            text.append("entry " + entry.ordinal + " " + entry.tx + " " + entry.device + " " + entry.state.ordinal() + " "
                + micros(entry.time) + " " + entry.number + " " + entry.changes + " " + entry.reason + "\n");
        }
        for (OutboxEntry entry : entries) {
            text.append("changes of ").append(entry.ordinal).append('\n');
            try {
                for (OutboxChange change : replica.changesOf(entry.ordinal)) {
                    text.append("change " + change.operation + " " + change.table + " " + change.row + " " + change.unit + " "
                        + change.values + "\n");
                }
            } catch (TernException e) {
                if (e.code() != ErrorCode.FORBIDDEN) {
                    throw e;
                }
                text.append("FORBIDDEN\n");
            }
        }
        return text.toString();
    }

    private static void dumpTable(Replica replica, String table, StringBuilder text) {
        String sql = "SELECT * FROM \"" + table + "\"";
        StringBuilder order = new StringBuilder();
        try (Cursor any = replica.query(sql)) {
            for (int i = 1; i <= any.columns(); i++) {
                order.append(i == 1 ? " ORDER BY " : ", ").append(i);
            }
        }
        try (Cursor row = replica.query(sql + order)) {
            while (row.next()) {
                for (int i = 0; i < row.columns(); i++) {
                    text.append(i == 0 ? "" : "|").append(spell(row.getObject(i)));
                }
                text.append('\n');
            }
        }
    }

    static String hash(String text) throws Exception {
        return hex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }
}
