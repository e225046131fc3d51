package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"rtbot/chat"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/handlers/mask"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// platform shows cards to people.
type platform interface {
	Name() string
	// Show brings the newest version of an answer to the place where it was asked for.
	Show(ctx context.Context, m chat.Message) error
}

// voucher is a platform that knows whether an account is a full member there: an error that wraps chat.ErrOutsider means
// that it is not, another that nobody can tell.
type voucher interface {
	Vouch(ctx context.Context, u chat.User) error
}

// carrier carries changes out.
type carrier interface {
	Run(ctx context.Context, operation string, req change.Request, show func(change.View)) error
}

// Config is what a Router works with.
type Config struct {
	Commands []Command
	Team     *Team
	// Rooms are where the bot is to be asked, by platform; everywhere on a platform that is not in it.
	Rooms map[string][]string
	// Meter measures what each person asks; nil where nobody is held back.
	Meter   *Meter
	Journal *journal.Journal
	Engine  carrier
	// Apps are what a form lets people choose from; nil where they are typed.
	Apps    appLister
	Catalog *lang.Catalog
	Cards   cards.Maker
	// Mask takes secrets out of every card before it is stored or shown.
	Mask *mask.Masker
	// Language is spoken to people whose language is not known.
	Language string
	Log      *slog.Logger
	Now      func() time.Time
}

// Router takes every request of every platform: it stores it, understands it, has it answered, and keeps the answer up to
// date. What was accepted before a crash is taken up again.
type Router struct {
	Config
	commands  []Command
	platforms map[string]platform
	intake    chan accepted
	turns     turns
}

// accepted is a request that is stored, with what it cost its asker.
type accepted struct {
	delivery string
	charge   charge
}

// NewRouter makes a router.
func NewRouter(c Config) *Router {
	if c.Mask == nil {
		c.Mask = &mask.Masker{}
	}
	return &Router{Config: c, commands: c.Commands, platforms: map[string]platform{}, intake: make(chan accepted, 256)}
}

// Add makes a platform's answers go through it. All platforms are added before Run.
func (r *Router) Add(p platform) { r.platforms[p.Name()] = p }

// who is the person behind an account, if that person may talk to the bot there.
func (r *Router) who(ctx context.Context, room chat.Room, u chat.User) (Person, error) {
	who, err := r.Team.Now().Who(u)
	if err != nil {
		return Person{}, err
	}
	channel, _, _ := strings.Cut(room.ID, "/") // a thread belongs to its channel
	if allowed := r.Rooms[room.Platform]; len(allowed) > 0 && !slices.Contains(allowed, channel) {
		return Person{}, refusal.New(refusal.Channel, "refused.channel", nil)
	}
	if err := r.Vouch(ctx, u); err != nil {
		return Person{}, err
	}
	return who, nil
}

// Vouch returns nil for a full member of a platform, or where the platform does not tell, and a refusal else.
func (r *Router) Vouch(ctx context.Context, u chat.User) error {
	v, ok := r.platforms[u.Platform].(voucher)
	if !ok {
		return nil
	}
	switch err := v.Vouch(ctx, u); {
	case errors.Is(err, chat.ErrOutsider):
		return refusal.New(refusal.Role, "refused.outsider", nil)
	case err != nil:
		return refusal.New(refusal.Role, "refused.unvouched", nil)
	}
	return nil
}

// account names an account in the journal.
func account(u chat.User) string { return u.Platform + ":" + u.ID }

// Run answers requests until ctx ends, beginning with those that an earlier process left unanswered. It returns when all
// that was under way has stopped; what has not ended is in the journal, and goes on at the next start.
func (r *Router) Run(ctx context.Context) error {
	var under sync.WaitGroup
	defer under.Wait()
	left, err := r.Journal.Unanswered(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, d := range left {
		taken[d.ID] = true
		under.Go(func() { r.handle(ctx, accepted{delivery: d.ID}) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-r.intake:
			if !taken[a.delivery] {
				under.Go(func() { r.handle(ctx, a) })
			}
			delete(taken, a.delivery)
		}
	}
}

// handle answers one delivery. It is one of the two places that log errors and stop panics.
func (r *Router) handle(ctx context.Context, a accepted) {
	log := r.Log.With("id", a.delivery)
	began := r.Now()
	d, err := r.Journal.Delivery(ctx, a.delivery)
	if err != nil {
		log.ErrorContext(ctx, "read delivery", "error", err)
		return
	}
	err = r.guarded(ctx, d, a.charge)
	if err != nil && ctx.Err() == nil && !errors.Is(err, journal.ErrLost) {
		log.ErrorContext(ctx, "request went wrong", "operation", d.Operation, "error", err)
		return
	}
	log.InfoContext(ctx, "request", "operation", d.Operation, "platform", d.Platform, "took", r.Now().Sub(began).String())
}

// errPanic is a fault of the program while it answered.
var errPanic = errors.New("panic")

// guarded answers, and turns a panic into an answer too: whoever asked gets the number under which it is logged.
func (r *Router) guarded(ctx context.Context, d journal.Delivery, c charge) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = r.refuse(ctx, d, r.words(d), fmt.Errorf("%w: %v\n%s", errPanic, fault, debug.Stack()))
		}
	}()
	if c.refused != nil {
		return r.turnAway(ctx, d, c)
	}
	return r.answer(ctx, d)
}

// words are the asker's.
func (r *Router) words(d journal.Delivery) lang.Words {
	return r.Catalog.For(append(d.Languages, r.Language)...)
}

// answer understands a delivery and answers it. What goes wrong without words for the asker becomes a reference number.
func (r *Router) answer(ctx context.Context, d journal.Delivery) error {
	words := r.words(d)
	c, a, misread := r.parse(d.Text)
	if d.Operation != "" { // it was allowed; before it changes something the engine has that checked again
		return r.carry(ctx, d, a, words)
	}
	who, err := r.who(ctx, chat.Room{Platform: d.Platform, ID: d.Room}, userOf(d))
	if err == nil {
		err = cmp.Or(doubted(chat.Doubt(d.Doubt)), misread)
	}
	if err == nil {
		err = allowed(who, c, chat.Doubt(d.Doubt))
	}
	if err != nil {
		return r.refuse(ctx, d, words, err)
	}
	if a.Answer == nil { // nobody could tell who asked when it was accepted, so there is no operation to carry out
		return r.refuse(ctx, d, words, refusal.New(refusal.Role, "refused.unvouched", nil, a.Request))
	}
	done, err := r.turns.wait(ctx, who.Name)
	if err != nil {
		return err
	}
	defer done()
	card, err := a.Answer(ctx, Ask{Person: who, Account: account(userOf(d)), Words: words, Delivery: d.ID})
	if err != nil {
		return r.refuse(ctx, d, words, err)
	}
	return r.show(ctx, d, card)
}

// carry has a change carried out, and shows each new picture of it.
func (r *Router) carry(ctx context.Context, d journal.Delivery, a Action, words lang.Words) error {
	if a.Change == nil { // the line was understood when it was accepted, by a version that knew other verbs
		return r.refuse(ctx, d, words, refusal.New(refusal.Changed, "refused.forgotten-verb", nil, "help"))
	}
	var shown error
	err := r.Engine.Run(ctx, d.Operation, *a.Change, func(v change.View) {
		shown = r.show(ctx, d, r.Cards.Operation(words, v))
	})
	return errors.Join(err, shown)
}

// refuse answers with a no, and keeps it in the audit. An error that has no words for the asker is logged by handle, and
// the asker gets the number under which it is found.
func (r *Router) refuse(ctx context.Context, d journal.Delivery, words lang.Words, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	refused, worded := refusal.Of(err)
	if worded {
		err = nil
	} else {
		refused = refusal.New(refusal.Internal, "failed.internal", lang.With{"Reference": d.ID})
	}
	err = errors.Join(err, r.note(ctx, d, refused))
	return errors.Join(err, r.show(ctx, d, r.Cards.Refused(words, refused)))
}

// note keeps a no in the audit.
func (r *Router) note(ctx context.Context, d journal.Delivery, refused *refusal.Error) error {
	return r.Journal.Audit(ctx, journal.Entry{
		Actor: account(userOf(d)), Operation: d.Operation, Event: "refused", Code: string(refused.Code), Detail: r.Mask.Text(shown(d.Text)),
	})
}

func userOf(d journal.Delivery) chat.User {
	return chat.User{Platform: d.Platform, ID: d.UserID, Name: d.UserName}
}

// show stores a new version of a delivery's card and brings it to its room. A platform that cannot show it now does not
// stop the work: the card is in the journal.
func (r *Router) show(ctx context.Context, d journal.Delivery, c chat.Card) error {
	m, err := r.store(ctx, d, c)
	if err != nil {
		return err
	}
	p, ok := r.platforms[d.Platform]
	if !ok {
		return nil
	}
	if err := p.Show(ctx, m); err != nil {
		r.Log.WarnContext(ctx, "show card", "id", d.ID, "platform", d.Platform, "error", err)
	}
	return nil
}

// store keeps a new version of a delivery's card, without secrets: every card that is shown goes through here.
func (r *Router) store(ctx context.Context, d journal.Delivery, c chat.Card) (chat.Message, error) {
	c = r.Mask.Card(c)
	c.Operation = d.Operation
	text, err := json.Marshal(c)
	if err != nil {
		return chat.Message{}, fmt.Errorf("store card: %w", err)
	}
	// A waiting card is final for its asker and not for the bot: the delivery is taken up again after a restart.
	state := journal.Unanswered
	if c.State.Final() && c.State != chat.Waiting {
		state = journal.Answered
	}
	d.Card = text
	if d.Version, err = r.Journal.Answer(ctx, d.ID, text, state); err != nil {
		return chat.Message{}, err
	}
	return messageOf(d)
}
