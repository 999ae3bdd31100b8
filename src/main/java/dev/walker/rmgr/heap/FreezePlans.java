package dev.walker.rmgr.heap;

import dev.walker.bytes.WalBytes;
import dev.walker.wal.WalRecord;

/**
 * The tuples that a record freezes, one after the other: {@code xl_heap_freeze_tuple} each up to 15, since 16
 * {@code xl_heap_freeze_plan} ({@code xlhp_freeze_plan}) shared by tuples whose item numbers stand in a list behind.
 * {@link #next} moves to the first and to each further tuple.
 */
public final class FreezePlans {
    /** Bytes of a plan, and of {@code xl_heap_freeze_tuple}. */
    static final int PLAN_SIZE = 12;

    private static final int XMAX_AT = 0;
    private static final int TUPLE_OFFSET_AT = 4;
    private static final int TUPLE_INFOMASK2_AT = 6;
    private static final int TUPLE_INFOMASK_AT = 8;
    private static final int PLAN_INFOMASK2_AT = 4;
    private static final int PLAN_INFOMASK_AT = 6;
    private static final int PLAN_NTUPLES_AT = 10;

    private WalBytes data;
    private boolean shared;
    private int plans;
    private int plansAt;
    private int offsetsAt;
    private int count;

    private int index;
    private int plan;
    private int leftInPlan;

    FreezePlans() {}

    /** No tuples. */
    void clear() {
        count = 0;
        plans = 0;
        rewind();
    }

    /** A {@code xl_heap_freeze_tuple} for each tuple. */
    void wrapTuples(WalRecord record, WalBytes data, int tuples) {
        shared = false;
        if (data.length() != tuples * PLAN_SIZE) {
            throw record.malformed("xl_heap_freeze_page.ntuples is " + tuples + ", block data has " + data.length()
                    + " bytes; a tuple takes " + PLAN_SIZE);
        }
        this.data = data;
        plans = tuples;
        plansAt = 0;
        count = tuples;
        for (int i = 0; i < tuples; i++) {
            HeapBlocks.offnum(record, data.u16(i * PLAN_SIZE + TUPLE_OFFSET_AT), "xl_heap_freeze_tuple.offset");
        }
        rewind();
    }

    /** Plans at a byte position of the block data; tells how many tuples they are for. */
    int wrapPlans(WalRecord record, WalBytes data, int plansAt, int plans) {
        shared = true;
        if (plans > (data.length() - plansAt) / PLAN_SIZE) {
            throw record.malformed("freeze plans: " + plans + " of " + PLAN_SIZE + " bytes do not fit into the "
                    + (data.length() - plansAt) + " bytes that are left of the block data");
        }
        this.data = data;
        this.plansAt = plansAt;
        this.plans = plans;
        count = 0;
        for (int i = 0; i < plans; i++) {
            count += data.u16(plansAt + i * PLAN_SIZE + PLAN_NTUPLES_AT);
        }
        return count;
    }

    /** The item numbers that belong to the plans: all that is left of the block data. */
    void wrapOffsets(WalRecord record, int offsetsAt) {
        if (data.length() - offsetsAt != 2 * count) {
            throw record.malformed("freeze plans are for " + count + " tuples, the block data has "
                    + (data.length() - offsetsAt) + " bytes of item numbers for them");
        }
        this.offsetsAt = offsetsAt;
        for (int i = 0; i < count; i++) {
            HeapBlocks.offnum(record, data.u16(offsetsAt + 2 * i), "freeze offset");
        }
        rewind();
    }

    /** How many tuples. */
    public int count() {
        return count;
    }

    /** Goes before the first tuple. */
    public void rewind() {
        index = -1;
        plan = -1;
        leftInPlan = 0;
    }

    /** Moves to the next tuple; false if there is none. */
    public boolean next() {
        if (index + 1 >= count) {
            return false;
        }
        index++;
        if (!shared) {
            plan = index;
            return true;
        }
        while (leftInPlan == 0) {
            plan++;
            leftInPlan = data.u16(planAt() + PLAN_NTUPLES_AT);
        }
        leftInPlan--;
        return true;
    }

    private int planAt() {
        return plansAt + plan * PLAN_SIZE;
    }

    /** Item number of the tuple, from 1. */
    public int offnum() {
        return shared ? data.u16(offsetsAt + 2 * index) : data.u16(planAt() + TUPLE_OFFSET_AT);
    }

    /** New {@code t_xmax}, unsigned 32-bit; 0 if nothing deletes or locks the tuple any more. */
    public long xmax() {
        return data.u32(planAt() + XMAX_AT);
    }

    /** New {@code t_infomask}. */
    public int infomask() {
        return data.u16(planAt() + (shared ? PLAN_INFOMASK_AT : TUPLE_INFOMASK_AT));
    }

    /** New {@code t_infomask2}. */
    public int infomask2() {
        return data.u16(planAt() + (shared ? PLAN_INFOMASK2_AT : TUPLE_INFOMASK2_AT));
    }

    // The plans themselves, since 16

    /** How many plans; the same as tuples up to 15. */
    public int planCount() {
        return plans;
    }

    /** How many tuples a plan is for, since 16; {@code plan} counts from 0. */
    public int planTuples(int plan) {
        return data.u16(plansAt + plan * PLAN_SIZE + PLAN_NTUPLES_AT);
    }

    /** New {@code t_xmax} that a plan gives, since 16, unsigned 32-bit; {@code plan} counts from 0. */
    public long planXmax(int plan) {
        return data.u32(plansAt + plan * PLAN_SIZE + XMAX_AT);
    }

    /** New {@code t_infomask} that a plan gives, since 16; {@code plan} counts from 0. */
    public int planInfomask(int plan) {
        return data.u16(plansAt + plan * PLAN_SIZE + PLAN_INFOMASK_AT);
    }

    /** New {@code t_infomask2} that a plan gives, since 16; {@code plan} counts from 0. */
    public int planInfomask2(int plan) {
        return data.u16(plansAt + plan * PLAN_SIZE + PLAN_INFOMASK2_AT);
    }

    /** Item number, from 1, of a tuple, since 16; {@code tuple} counts from 0 through all plans in order. */
    public int planOffnum(int tuple) {
        return data.u16(offsetsAt + 2 * tuple);
    }
}
