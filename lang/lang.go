// Package lang holds every sentence that a person reads, in each language. It knows no verb and decides nothing: it is
// given a key and values, and returns words.
package lang

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed *.yaml
var files embed.FS

// Catalog is all sentences in all languages.
type Catalog struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	tags    []language.Tag
}

// Load reads the catalogs. English stands first: it is what people get whose language is not there.
func Load() (*Catalog, error) {
	c := &Catalog{bundle: i18n.NewBundle(language.English), tags: []language.Tag{language.English, language.French}}
	c.bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	for _, tag := range c.tags {
		name := tag.String() + ".yaml"
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read catalog: %w", err)
		}
		if _, err := c.bundle.ParseMessageFileBytes(text, name); err != nil {
			return nil, fmt.Errorf("read catalog %s: %w", name, err)
		}
	}
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

// Languages are the languages that the catalog has, as BCP 47 tags.
func (c *Catalog) Languages() []string {
	names := make([]string, len(c.tags))
	for i, tag := range c.tags {
		names[i] = tag.String()
	}
	return names
}

// For gives the words of the first of these languages that the catalog has, English where it has none. What is not a
// language tag is passed over.
func (c *Catalog) For(languages ...string) Words {
	var wanted []language.Tag
	for _, l := range languages {
		if tag, err := language.Parse(l); err == nil {
			wanted = append(wanted, tag)
		}
	}
	_, i, confidence := c.matcher.Match(wanted...)
	if confidence == language.No {
		i = 0
	}
	tag := c.tags[i].String()
	return Words{tag: tag, localizer: i18n.NewLocalizer(c.bundle, tag)}
}

// Words speaks one language.
type Words struct {
	tag       string
	localizer *i18n.Localizer
}

// With are the values that a sentence names.
type With map[string]any

// Tag is the language as a BCP 47 tag.
func (w Words) Tag() string { return w.tag }

// Say returns a sentence. A key that no catalog has comes back in brackets; a test sees to it that there is none.
func (w Words) Say(key string, with With) string {
	return w.localize(key, &i18n.LocalizeConfig{MessageID: key, TemplateData: with})
}

// Count returns the sentence for n things; n is named N in it.
func (w Words) Count(key string, n int, with With) string {
	data := With{"N": n}
	maps.Copy(data, with)
	return w.localize(key, &i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n})
}

func (w Words) localize(key string, config *i18n.LocalizeConfig) string {
	text, err := w.localizer.Localize(config)
	if err != nil {
		return "[" + key + "]"
	}
	return text
}
