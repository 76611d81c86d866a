package gallery

import (
	alert "magpie.build/packages/ui/alert/examples"
	avatar "magpie.build/packages/ui/avatar/examples"
	badge "magpie.build/packages/ui/badge/examples"
	breadcrumb "magpie.build/packages/ui/breadcrumb/examples"
	button "magpie.build/packages/ui/button/examples"
	card "magpie.build/packages/ui/card/examples"
	codeblock "magpie.build/packages/ui/codeblock/examples"
	composer "magpie.build/packages/ui/composer/examples"
	connection "magpie.build/packages/ui/connection/examples"
	emptystate "magpie.build/packages/ui/emptystate/examples"
	field "magpie.build/packages/ui/field/examples"
	icon "magpie.build/packages/ui/icon/examples"
	logo "magpie.build/packages/ui/logo/examples"
	message "magpie.build/packages/ui/message/examples"
	nav "magpie.build/packages/ui/nav/examples"
	page "magpie.build/packages/ui/page/examples"
	presence "magpie.build/packages/ui/presence/examples"
	prose "magpie.build/packages/ui/prose/examples"
	roomlist "magpie.build/packages/ui/roomlist/examples"
	table "magpie.build/packages/ui/table/examples"
	theme "magpie.build/packages/ui/theme/examples"
)

// components holds every component and its examples in the order they are shown.
func components(stylesheets []string) []Component {
	return []Component{
		{Name: "alert", Examples: []Example{
			{Name: "Tones", Render: alert.Tones()},
			{Name: "Live", Render: alert.Live()},
		}},
		{Name: "avatar", Examples: []Example{
			{Name: "People", Render: avatar.People()},
			{Name: "Hues", Render: avatar.Hues()},
		}},
		{Name: "badge", Examples: []Example{
			{Name: "Tones", Render: badge.Tones()},
			{Name: "Count", Render: badge.Count()},
		}},
		{Name: "breadcrumb", Examples: []Example{
			{Name: "ToPackage", Render: breadcrumb.ToPackage()},
		}},
		{Name: "button", Examples: []Example{
			{Name: "Variants", Render: button.Variants()},
			{Name: "Icons", Render: button.Icons()},
			{Name: "Link", Render: button.Link()},
			{Name: "Disabled", Render: button.Disabled()},
		}},
		{Name: "card", Examples: []Example{
			{Name: "Links", Render: card.Links()},
			{Name: "Frame", Render: card.Frame()},
		}},
		{Name: "codeblock", Examples: []Example{
			{Name: "PlainText", Render: codeblock.PlainText()},
			{Name: "Highlighted", Render: codeblock.Highlighted()},
		}},
		{Name: "composer", Examples: []Example{
			{Name: "Empty", Render: composer.Empty()},
			{Name: "Draft", Render: composer.Draft()},
		}},
		{Name: "connection", Examples: []Example{
			{Name: "States", Render: connection.States()},
		}},
		{Name: "emptystate", Examples: []Example{
			{Name: "NoRooms", Render: emptystate.NoRooms()},
		}},
		{Name: "field", Examples: []Example{
			{Name: "WithHint", Render: field.WithHint()},
			{Name: "WithError", Render: field.WithError()},
		}},
		{Name: "icon", Examples: []Example{
			{Name: "All", Render: icon.All()},
			{Name: "InText", Render: icon.InText()},
		}},
		{Name: "logo", Examples: []Example{
			{Name: "Alone", Render: logo.Alone()},
		}},
		{Name: "message", Examples: []Example{
			{Name: "Conversation", Render: message.Conversation()},
			{Name: "Unsent", Render: message.Unsent()},
		}},
		{Name: "nav", Examples: []Example{
			{Name: "Tree", Render: nav.Tree()},
			{Name: "Bar", Render: nav.Bar()},
			{Name: "Outline", Render: nav.Outline()},
		}},
		{Name: "page", Document: true, Examples: []Example{
			{Name: "Narrow", Render: page.Narrow(stylesheets)},
			{Name: "App", Render: page.App(stylesheets)},
			{Name: "Document", Render: page.Document(stylesheets)},
		}},
		{Name: "presence", Examples: []Example{
			{Name: "HereNow", Render: presence.HereNow()},
			{Name: "TooManyToList", Render: presence.TooManyToList()},
		}},
		{Name: "prose", Examples: []Example{
			{Name: "Text", Render: prose.Text()},
		}},
		{Name: "roomlist", Examples: []Example{
			{Name: "Rooms", Render: roomlist.Rooms()},
		}},
		{Name: "table", Examples: []Example{
			{Name: "Sorted", Render: table.Sorted()},
			{Name: "Empty", Render: table.Empty()},
		}},
		{Name: "theme", Examples: []Example{
			{Name: "OnServer", Render: theme.OnServer()},
			{Name: "OnStaticPage", Render: theme.OnStaticPage()},
		}},
	}
}
