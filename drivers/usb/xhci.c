/* SPDX-License-Identifier: MIT */
/*
 * xHCI: a controller's start, its rings, the devices on its ports and behind one
 * level of hubs; of those the boot keyboards are served. One thread a controller
 * does it all, so nothing here is locked. It is woken by the controller's messages
 * (MSI-X or MSI); until the first has come, which for some is for ever, it looks at the
 * event ring by itself, 100 times a second while there is a keyboard, else 10 times.
 *
 *   port or hub port: connected --reset, address, configure--> keyboard | hub | left alone
 *   any of these --disconnected, or an error--> gone (device_remove)
 *
 * The controller is trusted: it does DMA, and there is no IOMMU. What a device says
 * is not: it is read by usb_desc.c and usb_keys.c, from a copy.
 * Sources: xHCI 1.2 (section numbers); USB 2.0 ch. 9 and 11; HID 1.11 §7.2.
 */
#include <drivers/usb/usb.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/pci.h>
#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/core/waitq.h>
#include <kernel/lib/string.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>
#include <mm/pmm.h>

#define PCI_CLASS_XHCI 0x0c0330u
#define WINDOW         0x10000u /* of the register BAR that we show */
#define SLOTS_MAX      32u
#define SCRATCH_MAX    64u
#define CONFIG_MAX     512u /* of a configuration's descriptors that we read */

/* Capability registers, §5.3. */
#define CAP_HCSPARAMS1 0x04
#define CAP_HCSPARAMS2 0x08
#define CAP_HCCPARAMS1 0x10
#define CAP_DBOFF      0x14
#define CAP_RTSOFF     0x18
#define HCC_AC64       BIT(0)
#define HCC_CSZ        BIT(2)

/* Operational registers, §5.4. */
#define OP_USBCMD 0x00
#define OP_USBSTS 0x04
#define OP_CRCR   0x18
#define OP_DCBAAP 0x30
#define OP_CONFIG 0x38
#define OP_PORTSC(port) (0x400u + 0x10 * ((port) - 1))
#define CMD_RUN   BIT(0)
#define CMD_RESET BIT(1)
#define CMD_INTERRUPTS BIT(2)
#define STS_HALTED BIT(0)
#define STS_NOT_READY BIT(11)

#define PORT_CONNECTED BIT(0)
#define PORT_ENABLED   BIT(1)
#define PORT_RESET     BIT(4)
#define PORT_POWER     BIT(9)
#define PORT_SPEED(sc) ((sc) >> 10 & 15)
#define PORT_RESET_DONE BIT(21)
#define PORT_CHANGES   (127ull << 17)

/* Runtime registers of interrupter 0, §5.5.2. */
#define RT_IMAN   0x20
#define RT_IMOD   0x24
#define RT_ERSTSZ 0x28
#define RT_ERSTBA 0x30
#define RT_ERDP   0x38
#define ERDP_BUSY BIT(3)
#define IMAN_PENDING BIT(0)
#define IMAN_ENABLE  BIT(1)
#define IMOD_1MS     4000u /* not more often, in 250 ns */

/* Extended capabilities, §7.1.1. */
#define XCAP_LEGACY 1u
#define LEGACY_BIOS BIT(16)
#define LEGACY_OS   BIT(24)

/* Transfer request blocks, §6.4. */
enum trb_type {
	TRB_NORMAL = 1, TRB_SETUP = 2, TRB_DATA = 3, TRB_STATUS = 4, TRB_LINK = 6,
	TRB_ENABLE_SLOT = 9, TRB_DISABLE_SLOT = 10, TRB_ADDRESS = 11, TRB_CONFIGURE = 12,
	TRB_EVALUATE = 13, TRB_TRANSFER_EVENT = 32, TRB_COMMAND_EVENT = 33,
	TRB_PORT_EVENT = 34,
};
#define TRB_TYPE(t)   ((u32)(t) << 10)
#define TRB_CYCLE     1u
#define TRB_TOGGLE    2u      /* of a link */
#define TRB_IOC       0x20u   /* tell when done */
#define TRB_IMMEDIATE 0x40u
#define TRB_SHORT_OK  0x04u
#define TRB_IN        0x10000u
#define SETUP_OUT_DATA (2u << 16)
#define SETUP_IN_DATA  (3u << 16)
#define CODE_SUCCESS 1u
#define CODE_SHORT   13u

#define RING_LEN 256u /* blocks in a page, the last one a link */

enum { SPEED_FULL = 1, SPEED_LOW = 2, SPEED_HIGH = 3 };
enum { EP_CONTROL = 4, EP_INTERRUPT_IN = 7 };

/* Requests, USB 2.0 tables 9-4, 11-16, 11-17; HID 1.11 §7.2. */
enum { REQ_GET_STATUS = 0, REQ_CLEAR_FEATURE = 1, REQ_SET_FEATURE = 3, REQ_GET_DESCRIPTOR = 6,
       REQ_SET_CONFIGURATION = 9, REQ_SET_PROTOCOL = 11 };
enum { DESC_DEVICE = 1, DESC_CONFIG = 2, DESC_HUB = 0x29 };
#define TO_HUB        0x20u
#define TO_HUB_PORT   0x23u
#define TO_INTERFACE  0x21u
#define FROM_DEVICE   0x80u
enum { HUB_PORT_RESET = 4, HUB_PORT_POWER = 8, HUB_C_CONNECTION = 16, HUB_C_RESET = 20 };
#define HUB_CONNECTED  BIT(0)
#define HUB_LOW_SPEED  BIT(9)
#define HUB_HIGH_SPEED BIT(10)
#define HUB_CHANGED_RESET BIT(20)
#define HUB_PORTS_MAX  15u /* a route string has 4 bits for it */

#define COMMAND_NS  (NS_PER_SEC * 2)
#define TRANSFER_NS (NS_PER_SEC * 2)
#define PORT_NS     (NS_PER_SEC / 10) /* how often ports are looked at */
#define REPORT_NS   (NS_PER_SEC / 100)
#define IDLE_NS     NS_PER_SEC /* ... and when messages come that tell of them */
#define REPEAT_FIRST_NS (NS_PER_SEC / 4)
#define REPEAT_NEXT_NS  (NS_PER_SEC / 30)

struct trb {
	u64 param;
	u32 status, control;
};
static_assert(sizeof(struct trb) == 16, "xHCI §6.4");

/* A page that the controller reads or writes. */
struct page {
	void *va;
	paddr_t pa;
};

struct ring {
	struct page page;
	u32 at;     /* the next block to write */
	u32 cycle;  /* its cycle bit */
};

enum device_kind { DEVICE_NONE, DEVICE_OTHER, DEVICE_KEYBOARD, DEVICE_HUB };

/* By slot. */
struct device {
	enum device_kind kind;
	u8 slot, root_port, speed;
	u8 parent, parent_port;   /* slot of its hub and port there; 0: at the root */
	u8 tt_slot, tt_port;      /* the hub that translates for it */
	u8 hub_ports;
	bool failed;              /* to be removed */
	struct page context, buffer;
	struct ring control, reports;
	struct usb_config config;
	struct usb_keys keys;
	u32 repeat_key;
	ns_t repeat_at_ns;
};

struct xhci {
	volatile u8 *regs, *op, *rt, *doorbells;
	u32 nr_ports, nr_slots, context_len;
	u32 dma_flags;
	struct page dcbaa, input, events;
	struct ring commands;
	u32 event_at, event_cycle;
	bool done;                /* what is waited for has come: code, slot, left */
	u8 done_slot, done_code;
	u32 done_left;
	u32 waited_slot;          /* a transfer on its control endpoint; 0: a command */
	struct waitq sleep;       /* woken by messages; for pauses too */
	bool news, heard;         /* [a] since it was last looked; ever */
	bool ports_changed;
	usb_key_handler_t handler;
	u8 copy[CONFIG_MAX];
	struct device devices[SLOTS_MAX + 1];
};

static void pause_ns(struct xhci *x, ns_t ns)
{
	(void)WAITQ_WAIT(&x->sleep, false, true, uptime_ns() + ns);
}

static void message_came(void *arg)
{
	struct xhci *x = arg;

	atomic_store_relaxed(&x->heard, true);
	/* Pairs with the acquire in xhci_thread(). */
	atomic_store_release(&x->news, true);
	waitq_wake_all(&x->sleep);
}

/* ---- registers and memory ---- */

static u32 read32(volatile u8 *at)
{
	return *(volatile u32 *)at;
}

static void write32(volatile u8 *at, u32 value)
{
	*(volatile u32 *)at = value;
}

static void write64(volatile u8 *at, u64 value)
{
	write32(at, (u32)value);
	write32(at + 4, (u32)(value >> 32));
}

static bool wait_bits(struct xhci *x, volatile u8 *at, u32 mask, u32 value)
{
	for (u32 i = 0; i < 1000; i++) {
		if ((read32(at) & mask) == value)
			return true;
		pause_ns(x, NS_PER_SEC / 1000);
	}
	return false;
}

static bool page_get(struct xhci *x, struct page *page)
{
	struct frame *frame;

	if (!page->va) {
		frame = pmm_alloc(0, MEM_ZERO | x->dma_flags, NODE_ANY);
		if (!frame)
			return false;
		page->va = frame_to_virt(frame);
		page->pa = virt_to_phys(page->va);
	}
	memset(page->va, 0, PAGE_SIZE);
	return true;
}

static bool ring_init(struct xhci *x, struct ring *ring)
{
	struct trb *link;

	if (!page_get(x, &ring->page))
		return false;
	link = (struct trb *)ring->page.va + RING_LEN - 1;
	link->param = ring->page.pa;
	link->control = TRB_TYPE(TRB_LINK) | TRB_TOGGLE;
	ring->at = 0;
	ring->cycle = TRB_CYCLE;
	return true;
}

/* The block is the controller's as soon as its cycle bit is written. */
static void trb_give(struct trb *trb, u32 control)
{
	atomic_store_release(&trb->control, control);
}

static void ring_put(struct ring *ring, u64 param, u32 status, u32 control)
{
	struct trb *trb = (struct trb *)ring->page.va + ring->at;

	trb->param = param;
	trb->status = status;
	trb_give(trb, control | ring->cycle);
	if (++ring->at < RING_LEN - 1)
		return;
	trb = (struct trb *)ring->page.va + ring->at;
	trb_give(trb, (trb->control & ~TRB_CYCLE) | ring->cycle);
	ring->at = 0;
	ring->cycle ^= TRB_CYCLE;
}

static void doorbell(struct xhci *x, u32 slot, u32 target)
{
	write32(x->doorbells + 4 * slot, target);
}

/* ---- events ---- */

static void reports_ask(struct xhci *x, struct device *d)
{
	ring_put(&d->reports, d->buffer.pa + PAGE_SIZE / 2, d->config.max_packet,
		 TRB_TYPE(TRB_NORMAL) | TRB_IOC | TRB_SHORT_OK);
	doorbell(x, d->slot, 2u * d->config.endpoint + 1);
}

static void report_came(struct xhci *x, struct device *d, u8 code, u32 left)
{
	u8 report[USB_REPORT_LEN];
	u32 len = d->config.max_packet - MIN(left, (u32)d->config.max_packet);

	if (code != CODE_SUCCESS && code != CODE_SHORT) {
		d->failed = true;
		return;
	}
	memcpy(report, (u8 *)d->buffer.va + PAGE_SIZE / 2, sizeof(report));
	usb_keys_report(&d->keys, report, MIN(len, USB_REPORT_LEN), x->handler);
	d->repeat_key = usb_keys_held(&d->keys);
	d->repeat_at_ns = uptime_ns() + REPEAT_FIRST_NS;
	reports_ask(x, d);
}

static void transfer_event(struct xhci *x, const struct trb *e)
{
	u32 slot = e->control >> 24, endpoint = e->control >> 16 & 31;
	u8 code = (u8)(e->status >> 24);

	if (slot == 0 || slot > SLOTS_MAX)
		return;
	if (endpoint == 1 && slot == x->waited_slot) {
		x->done = true;
		x->done_code = code;
		x->done_left = e->status & 0xffffff;
	} else if (endpoint > 1 && x->devices[slot].kind == DEVICE_KEYBOARD) {
		report_came(x, &x->devices[slot], code, e->status & 0xffffff);
	}
}

static void take_events(struct xhci *x)
{
	for (;;) {
		struct trb *e = (struct trb *)x->events.va + x->event_at, copy;

		/* Pairs with the controller's write of the cycle bit, which comes last. */
		if ((atomic_load_acquire(&e->control) & TRB_CYCLE) != x->event_cycle)
			return;
		copy = *e;
		if (++x->event_at == RING_LEN) {
			x->event_at = 0;
			x->event_cycle ^= TRB_CYCLE;
		}
		if ((copy.control >> 10 & 63) == TRB_PORT_EVENT)
			x->ports_changed = true;
		if ((copy.control >> 10 & 63) == TRB_TRANSFER_EVENT)
			transfer_event(x, &copy);
		if ((copy.control >> 10 & 63) == TRB_COMMAND_EVENT && !x->waited_slot) {
			x->done = true;
			x->done_code = (u8)(copy.status >> 24);
			x->done_slot = (u8)(copy.control >> 24);
		}
	}
}

/* What comes after the last look is told by another message: the write makes the
 * controller compare (§4.17.2). */
static void handle_events(struct xhci *x)
{
	u32 before = x->event_at;
	bool news = atomic_xchg(&x->news, false);

	take_events(x);
	if (news || x->event_at != before)
		write64(x->rt + RT_ERDP,
			(x->events.pa + x->event_at * sizeof(struct trb)) | ERDP_BUSY);
}

static bool wait_done(struct xhci *x, ns_t limit_ns)
{
	ns_t end = uptime_ns() + limit_ns;

	while (!x->done && uptime_ns() < end) {
		handle_events(x);
		if (!x->done)
			pause_ns(x, NS_PER_SEC / 1000);
	}
	return x->done && (x->done_code == CODE_SUCCESS || x->done_code == CODE_SHORT);
}

static int command(struct xhci *x, u64 param, u32 control)
{
	x->done = false;
	x->waited_slot = 0;
	ring_put(&x->commands, param, 0, control);
	doorbell(x, 0, 0);
	return wait_done(x, COMMAND_NS) ? 0 : -EIO;
}

/* ---- control transfers ---- */

struct request {
	u8 type, request;
	u16 value, index, len;
};

/* Data comes to (or goes from) d->buffer. Return: bytes; -EIO. */
static int control(struct xhci *x, struct device *d, struct request r)
{
	u64 setup = r.type | (u64)r.request << 8 | (u64)r.value << 16 | (u64)r.index << 32 |
		    (u64)r.len << 48;
	bool in = r.type & FROM_DEVICE;

	memset(d->buffer.va, 0, PAGE_SIZE / 2);
	x->done = false;
	x->waited_slot = d->slot;
	ring_put(&d->control, setup, 8, TRB_TYPE(TRB_SETUP) | TRB_IMMEDIATE |
		 (r.len ? in ? SETUP_IN_DATA : SETUP_OUT_DATA : 0));
	if (r.len)
		ring_put(&d->control, d->buffer.pa, r.len, TRB_TYPE(TRB_DATA) | (in ? TRB_IN : 0));
	ring_put(&d->control, 0, 0, TRB_TYPE(TRB_STATUS) | TRB_IOC | (r.len && in ? 0 : TRB_IN));
	doorbell(x, d->slot, 1);
	return wait_done(x, TRANSFER_NS) ? r.len : -EIO;
}

static int get_descriptor(struct xhci *x, struct device *d, u8 type, u16 kind, u16 len)
{
	struct request r = { type, REQ_GET_DESCRIPTOR, (u16)(kind << 8), 0, len };

	return control(x, d, r);
}

/* ---- contexts, §6.2 ---- */

static u32 *context(struct xhci *x, void *base, u32 i)
{
	return (u32 *)base + i * (x->context_len / 4);
}

/* The input context begins with its own control context; @add: what is set. */
static u32 *input_begin(struct xhci *x, u32 add)
{
	u32 *c = x->input.va;

	memset(c, 0, PAGE_SIZE);
	c[1] = add;
	return c;
}

static void fill_slot(struct xhci *x, const struct device *d, u32 entries)
{
	u32 *s = context(x, x->input.va, 1);

	s[0] = (d->parent ? d->parent_port : 0u) | (u32)d->speed << 20 | entries << 27 |
	       (d->kind == DEVICE_HUB ? (u32)BIT(26) : 0);
	s[1] = (u32)d->root_port << 16 | (u32)d->hub_ports << 24;
	s[2] = d->tt_slot | (u32)d->tt_port << 8;
}

static void fill_control(struct xhci *x, const struct device *d, u32 packet)
{
	u32 *e = context(x, x->input.va, 2);

	e[1] = 3u << 1 | EP_CONTROL << 3 | packet << 16;
	e[2] = (u32)d->control.page.pa | TRB_CYCLE;
	e[3] = (u32)(d->control.page.pa >> 32);
	e[4] = 8;
}

/* The exponent of a period in 125 us, §6.2.3.6. */
static u32 interval_of(const struct device *d)
{
	u32 ms = MAX(d->config.interval, 1), exponent = 3;

	if (d->speed == SPEED_HIGH)
		return MIN(ms - 1, 15u);
	while (exponent < 10 && 2u << (exponent - 3) <= ms)
		exponent++;
	return exponent;
}

static int configure(struct xhci *x, struct device *d)
{
	u32 dci = 2u * d->config.endpoint + 1;
	u32 *e;

	input_begin(x, 1u | (d->kind == DEVICE_KEYBOARD ? 1u << dci : 0));
	fill_slot(x, d, d->kind == DEVICE_KEYBOARD ? dci : 1);
	if (d->kind == DEVICE_KEYBOARD) {
		e = context(x, x->input.va, 1 + dci);
		e[0] = interval_of(d) << 16;
		e[1] = 3u << 1 | EP_INTERRUPT_IN << 3 | (u32)d->config.max_packet << 16;
		e[2] = (u32)d->reports.page.pa | TRB_CYCLE;
		e[3] = (u32)(d->reports.page.pa >> 32);
		e[4] = d->config.max_packet | (u32)d->config.max_packet << 16;
	}
	return command(x, x->input.pa, TRB_TYPE(TRB_CONFIGURE) | (u32)d->slot << 24);
}

/* ---- devices ---- */

static void device_remove(struct xhci *x, struct device *d)
{
	for (u32 i = 1; i <= SLOTS_MAX; i++)
		if (x->devices[i].kind != DEVICE_NONE && x->devices[i].parent == d->slot)
			device_remove(x, &x->devices[i]);
	if (d->kind == DEVICE_KEYBOARD) {
		usb_keys_report(&d->keys, (const u8 *)"", 0, x->handler); /* nothing is held */
		log_info("usb: the keyboard on port %u is gone", d->root_port);
	}
	if (command(x, 0, TRB_TYPE(TRB_DISABLE_SLOT) | (u32)d->slot << 24))
		log_notice("usb: slot %u cannot be given back", d->slot);
	((u64 *)x->dcbaa.va)[d->slot] = 0;
	d->kind = DEVICE_NONE;
}

static bool device_memory(struct xhci *x, struct device *d)
{
	return page_get(x, &d->context) && page_get(x, &d->buffer) && ring_init(x, &d->control) &&
	       ring_init(x, &d->reports);
}

static int device_address(struct xhci *x, struct device *d)
{
	u32 packet = d->speed == SPEED_HIGH ? 64 : 8;
	int err;

	((u64 *)x->dcbaa.va)[d->slot] = d->context.pa;
	input_begin(x, 3);
	fill_slot(x, d, 1);
	fill_control(x, d, packet);
	err = command(x, x->input.pa, TRB_TYPE(TRB_ADDRESS) | (u32)d->slot << 24);
	if (err || d->speed != SPEED_FULL)
		return err;
	/* Only a full-speed device has a choice; it is told by its first 8 bytes. */
	if (get_descriptor(x, d, FROM_DEVICE, DESC_DEVICE, 8) < 0)
		return -EIO;
	packet = ((const u8 *)d->buffer.va)[7];
	if (packet == 8 || packet > 64 || (packet & (packet - 1)))
		return packet == 8 ? 0 : -EINVAL;
	input_begin(x, 2);
	fill_control(x, d, packet);
	return command(x, x->input.pa, TRB_TYPE(TRB_EVALUATE) | (u32)d->slot << 24);
}

/* The first configuration, in d->config. */
static int read_config(struct xhci *x, struct device *d)
{
	const u8 *buf = d->buffer.va;
	u32 len;

	if (get_descriptor(x, d, FROM_DEVICE, DESC_CONFIG, 9) < 0)
		return -EIO;
	len = MIN((u32)(buf[2] | buf[3] << 8), CONFIG_MAX);
	if (get_descriptor(x, d, FROM_DEVICE, DESC_CONFIG, (u16)len) < 0)
		return -EIO;
	memcpy(x->copy, buf, len); /* the device may write again */
	return usb_config_parse(x->copy, len, &d->config);
}

static int start_keyboard(struct xhci *x, struct device *d)
{
	int err = configure(x, d);

	if (!err && control(x, d, (struct request){ TO_INTERFACE, REQ_SET_PROTOCOL, 0,
						    d->config.interface, 0 }) < 0)
		err = -EIO;
	if (err)
		return err;
	memset(&d->keys, 0, sizeof(d->keys));
	d->repeat_key = 0;
	reports_ask(x, d);
	log_info("usb: keyboard on port %u%s", d->root_port, d->parent ? ", behind a hub" : "");
	return 0;
}

static int start_hub(struct xhci *x, struct device *d)
{
	int err;

	if (get_descriptor(x, d, FROM_DEVICE | TO_HUB, DESC_HUB, 8) < 0)
		return -EIO;
	d->hub_ports = MIN(((const u8 *)d->buffer.va)[2], (u8)HUB_PORTS_MAX);
	err = configure(x, d);
	for (u16 port = 1; !err && port <= d->hub_ports; port++)
		if (control(x, d, (struct request){ TO_HUB_PORT, REQ_SET_FEATURE, HUB_PORT_POWER,
						    port, 0 }) < 0)
			err = -EIO;
	if (!err)
		log_info("usb: hub of %u on port %u", d->hub_ports, d->root_port);
	return err;
}

static int device_start(struct xhci *x, struct device *d)
{
	int err = device_address(x, d);

	if (!err)
		err = read_config(x, d);
	if (err)
		return err;
	d->kind = d->config.keyboard ? DEVICE_KEYBOARD : d->config.hub && !d->parent ?
		DEVICE_HUB : DEVICE_OTHER;
	if (d->kind == DEVICE_OTHER)
		return 0;
	if (control(x, d, (struct request){ 0, REQ_SET_CONFIGURATION, d->config.value, 0, 0 }) < 0)
		return -EIO;
	return d->kind == DEVICE_KEYBOARD ? start_keyboard(x, d) : start_hub(x, d);
}

/* One that was reset and waits for its address. @where: all that is known of it */
static void device_add(struct xhci *x, const struct device *where)
{
	struct device *d;
	u32 slot;

	if (command(x, 0, TRB_TYPE(TRB_ENABLE_SLOT)) || !x->done_slot ||
	    x->done_slot > x->nr_slots) {
		log_notice("usb: no slot for the device on port %u", where->root_port);
		return;
	}
	slot = x->done_slot;
	d = &x->devices[slot];
	d->kind = DEVICE_OTHER;
	d->slot = (u8)slot;
	d->root_port = where->root_port;
	d->speed = where->speed;
	d->parent = where->parent;
	d->parent_port = where->parent_port;
	d->tt_slot = where->tt_slot;
	d->tt_port = where->tt_port;
	d->hub_ports = 0;
	d->failed = false;
	/* One that makes no sense keeps its place, so that it is not tried for ever. */
	if (!device_memory(x, d) || device_start(x, d)) {
		d->kind = DEVICE_OTHER;
		log_notice("usb: the device on port %u cannot be used", d->root_port);
	}
}

static struct device *device_at(struct xhci *x, u32 root_port, u32 parent, u32 parent_port)
{
	for (u32 i = 1; i <= SLOTS_MAX; i++) {
		struct device *d = &x->devices[i];

		if (d->kind != DEVICE_NONE && d->parent == parent &&
		    (parent ? d->parent_port == parent_port : d->root_port == root_port))
			return d;
	}
	return NULL;
}

/* ---- ports ---- */

/* Writing 1 takes a change back, and 1 to ENABLED would disable. */
static void port_write(struct xhci *x, u32 port, u32 bits)
{
	write32(x->op + OP_PORTSC(port), (u32)PORT_POWER | bits);
}

static void port_connected(struct xhci *x, u32 port)
{
	volatile u8 *sc = x->op + OP_PORTSC(port);
	struct device where = { .root_port = (u8)port };

	pause_ns(x, NS_PER_SEC / 10); /* debouncing, USB 2.0 §7.1.7.3 */
	if (!(read32(sc) & PORT_ENABLED)) {
		port_write(x, port, PORT_RESET);
		(void)wait_bits(x, sc, PORT_RESET_DONE, PORT_RESET_DONE);
	}
	port_write(x, port, (u32)PORT_CHANGES);
	where.speed = (u8)PORT_SPEED(read32(sc));
	/* Faster ones are no keyboards, and their hubs have no slower devices. */
	if ((read32(sc) & PORT_ENABLED) && where.speed >= SPEED_FULL && where.speed <= SPEED_HIGH)
		device_add(x, &where);
}

static void look_at_ports(struct xhci *x)
{
	for (u32 port = 1; port <= x->nr_ports; port++) {
		u32 sc = read32(x->op + OP_PORTSC(port));
		struct device *d = device_at(x, port, 0, 0);
		bool changed = sc & PORT_CHANGES;

		if (changed)
			port_write(x, port, (u32)(sc & PORT_CHANGES));
		if (d && (changed || !(sc & PORT_CONNECTED)) && !(sc & PORT_ENABLED)) {
			device_remove(x, d);
			d = NULL;
		}
		if (!d && (sc & PORT_CONNECTED) && changed)
			port_connected(x, port);
	}
}

/* ---- ports of a hub, USB 2.0 §11.24.2 ---- */

static int hub_feature(struct xhci *x, struct device *hub, u8 request, u16 feature, u16 port)
{
	return control(x, hub, (struct request){ TO_HUB_PORT, request, feature, port, 0 });
}

static int hub_status(struct xhci *x, struct device *hub, u16 port, u32 *status)
{
	int n = control(x, hub, (struct request){ FROM_DEVICE | TO_HUB_PORT, REQ_GET_STATUS, 0,
						  port, 4 });

	if (n >= 0)
		memcpy(status, hub->buffer.va, 4);
	return n;
}

static void hub_connected(struct xhci *x, struct device *hub, u16 port)
{
	struct device where = { .root_port = hub->root_port, .parent = hub->slot,
				.parent_port = (u8)port };
	u32 status = 0;

	pause_ns(x, NS_PER_SEC / 10);
	if (hub_feature(x, hub, REQ_SET_FEATURE, HUB_PORT_RESET, port) < 0)
		return;
	for (u32 i = 0; i < 50 && !(status & HUB_CHANGED_RESET); i++) {
		pause_ns(x, NS_PER_SEC / 100);
		if (hub_status(x, hub, port, &status) < 0)
			return;
	}
	if (hub_feature(x, hub, REQ_CLEAR_FEATURE, HUB_C_RESET, port) < 0 ||
	    hub_feature(x, hub, REQ_CLEAR_FEATURE, HUB_C_CONNECTION, port) < 0)
		return;
	where.speed = status & HUB_LOW_SPEED ? SPEED_LOW : status & HUB_HIGH_SPEED ?
		SPEED_HIGH : SPEED_FULL;
	if (hub->speed == SPEED_HIGH && where.speed != SPEED_HIGH) {
		where.tt_slot = hub->slot;
		where.tt_port = (u8)port;
	}
	device_add(x, &where);
}

static void look_at_hub(struct xhci *x, struct device *hub)
{
	for (u16 port = 1; port <= hub->hub_ports; port++) {
		struct device *d = device_at(x, 0, hub->slot, port);
		u32 status;

		if (hub_status(x, hub, port, &status) < 0) {
			hub->failed = true;
			return;
		}
		if (d && !(status & HUB_CONNECTED))
			device_remove(x, d);
		else if (!d && (status & HUB_CONNECTED))
			hub_connected(x, hub, port);
	}
}

/* ---- the thread ---- */

static void look_around(struct xhci *x)
{
	look_at_ports(x);
	for (u32 i = 1; i <= SLOTS_MAX; i++) {
		struct device *d = &x->devices[i];

		if (d->kind == DEVICE_HUB && !d->failed)
			look_at_hub(x, d);
		if (d->kind == DEVICE_KEYBOARD && d->failed) {
			d->failed = false;
			log_notice("usb: the keyboard on port %u does not answer any more",
				   d->root_port);
			device_remove(x, d);
		}
	}
}

/* USB keyboards leave it to us to repeat a key that is held. Return: when there is
 * something to do again. */
static ns_t repeat_keys(struct xhci *x)
{
	bool heard = atomic_load_relaxed(&x->heard);
	ns_t now = uptime_ns(), next = now + (heard ? IDLE_NS : PORT_NS);

	for (u32 i = 1; i <= SLOTS_MAX; i++) {
		struct device *d = &x->devices[i];

		if (d->kind == DEVICE_HUB) /* its ports are not told of */
			next = MIN(next, now + PORT_NS);
		if (d->kind != DEVICE_KEYBOARD)
			continue;
		if (!heard)
			next = MIN(next, now + REPORT_NS);
		if (d->repeat_key && now >= d->repeat_at_ns) {
			x->handler(d->repeat_key, true);
			d->repeat_at_ns = now + REPEAT_NEXT_NS;
		}
		if (d->repeat_key)
			next = MIN(next, d->repeat_at_ns);
	}
	return next;
}

/* The firmware gives the controller up, §4.22.1. */
static void take_from_bios(struct xhci *x)
{
	u32 at = read32(x->regs + CAP_HCCPARAMS1) >> 16 << 2, i = 0;

	for (; at && at < WINDOW - 4 && i < 64; i++) {
		u32 cap = read32(x->regs + at), next = (cap >> 8 & 0xff) << 2;

		if ((cap & 0xff) == XCAP_LEGACY) {
			write32(x->regs + at, cap | (u32)LEGACY_OS);
			(void)wait_bits(x, x->regs + at, LEGACY_BIOS, 0);
			write32(x->regs + at + 4, 0); /* no more interrupts to it */
		}
		at = next ? at + next : 0;
	}
}

static bool reset(struct xhci *x)
{
	write32(x->op + OP_USBCMD, read32(x->op + OP_USBCMD) & ~(u32)CMD_RUN);
	if (!wait_bits(x, x->op + OP_USBSTS, STS_HALTED, STS_HALTED))
		return false;
	write32(x->op + OP_USBCMD, CMD_RESET);
	return wait_bits(x, x->op + OP_USBCMD, CMD_RESET, 0) &&
	       wait_bits(x, x->op + OP_USBSTS, STS_NOT_READY, 0);
}

/* Pages that the controller keeps things in, §4.20. */
static bool give_scratchpads(struct xhci *x)
{
	u32 params = read32(x->regs + CAP_HCSPARAMS2);
	u32 n = (params >> 21 & 31) << 5 | params >> 27;
	struct page array = { NULL, 0 };

	if (!n)
		return true;
	if (n > SCRATCH_MAX || !page_get(x, &array))
		return false;
	for (u32 i = 0; i < n; i++) {
		struct page page = { NULL, 0 };

		if (!page_get(x, &page))
			return false;
		((u64 *)array.va)[i] = page.pa;
	}
	((u64 *)x->dcbaa.va)[0] = array.pa;
	return true;
}

static bool start_running(struct xhci *x)
{
	struct page segments = { NULL, 0 };

	if (!page_get(x, &x->dcbaa) || !page_get(x, &x->input) || !page_get(x, &x->events) ||
	    !page_get(x, &segments) || !ring_init(x, &x->commands) || !give_scratchpads(x))
		return false;
	x->event_cycle = TRB_CYCLE;
	((u64 *)segments.va)[0] = x->events.pa;
	((u64 *)segments.va)[1] = RING_LEN;
	write32(x->op + OP_CONFIG, x->nr_slots);
	write64(x->op + OP_DCBAAP, x->dcbaa.pa);
	write64(x->op + OP_CRCR, x->commands.page.pa | TRB_CYCLE);
	write32(x->rt + RT_ERSTSZ, 1);
	write64(x->rt + RT_ERDP, x->events.pa);
	write64(x->rt + RT_ERSTBA, segments.pa);
	write32(x->rt + RT_IMOD, IMOD_1MS);
	write32(x->rt + RT_IMAN, IMAN_PENDING | IMAN_ENABLE);
	write32(x->op + OP_USBCMD, CMD_RUN | CMD_INTERRUPTS);
	return wait_bits(x, x->op + OP_USBSTS, STS_HALTED, 0);
}

static void xhci_thread(void *arg)
{
	struct xhci *x = arg;
	ns_t look_at_ns = 0, next;

	take_from_bios(x);
	if (!reset(x) || !start_running(x)) {
		log_notice("usb: the xHCI controller does not start");
		return;
	}
	log_info("usb: xHCI with %u ports", x->nr_ports);
	pause_ns(x, PORT_NS); /* what is plugged in shows itself */
	for (u32 port = 1; port <= x->nr_ports; port++)
		if (read32(x->op + OP_PORTSC(port)) & PORT_CONNECTED)
			port_connected(x, port);
	for (;;) {
		handle_events(x);
		if (uptime_ns() >= look_at_ns || x->ports_changed) {
			x->ports_changed = false;
			look_around(x);
			look_at_ns = uptime_ns() + PORT_NS;
		}
		next = repeat_keys(x);
		(void)WAITQ_WAIT(&x->sleep, atomic_load_acquire(&x->news) || x->ports_changed,
				 true, next);
	}
}

/* ---- finding them ---- */

static bool map(struct xhci *x, paddr_t pa)
{
	u32 params, rt, db;

	x->regs = kva_map_device(pa, WINDOW);
	if (!x->regs)
		return false;
	params = read32(x->regs + CAP_HCSPARAMS1);
	rt = read32(x->regs + CAP_RTSOFF) & ~31u;
	db = read32(x->regs + CAP_DBOFF) & ~3u;
	if (rt > WINDOW - 0x40 || db > WINDOW - 0x400)
		return false;
	x->op = x->regs + (read32(x->regs) & 0xff);
	x->rt = x->regs + rt;
	x->doorbells = x->regs + db;
	x->nr_ports = params >> 24;
	x->nr_slots = MIN(params & 0xff, SLOTS_MAX);
	x->context_len = read32(x->regs + CAP_HCCPARAMS1) & HCC_CSZ ? 64 : 32;
	x->dma_flags = read32(x->regs + CAP_HCCPARAMS1) & HCC_AC64 ? 0 : MEM_DMA32;
	return true;
}

static void controller_add(u16 function, usb_key_handler_t handler)
{
	paddr_t pa = pci_bar_memory(function, 0);
	struct xhci *x = pa ? vmalloc(sizeof(*x)) : NULL;
	struct irq_message message;

	if (!x)
		return;
	/* No line: messages, or the thread looks by itself. */
	pci_write(function, PCI_COMMAND, (pci_read(function, PCI_COMMAND) & 0xffff) |
		  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
	memset(x, 0, sizeof(*x));
	waitq_init(&x->sleep, "xhci");
	x->handler = handler;
	if (!map(x, pa)) {
		log_notice("usb: no memory for an xHCI controller, or its registers lie oddly");
		vfree(x);
		return;
	}
	if (irq_connect_message(message_came, x, "xhci", &message) ||
	    pci_send_message(function, &message))
		log_info("usb: xHCI without messages, it is looked at 100 times a second");
	if (!thread_create_kernel("xhci", xhci_thread, x)) /* the messages' argument stays */
		log_notice("usb: no memory for the thread of an xHCI controller");
}

void usb_init(usb_key_handler_t handler)
{
	s32 function = -1;

	while (pci_find(PCI_CLASS_XHCI, &function))
		controller_add((u16)function, handler);
}
