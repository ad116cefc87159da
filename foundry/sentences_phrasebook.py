"""Texts of the domain ``phrasebook``: what travellers say, with some four hundred common words."""

PHRASE_WORDS = """
name: Anna, Ben, David, Emma, Jack, Kate, Maria, Peter, Sam, Alice, Laura, Tom
relative: mother, father, sister, brother, aunt, uncle, grandmother, son, daughter
worker: teacher, doctor, nurse, driver, farmer, singer, waiter
animal: dog, cat, horse, bird, rabbit, cow, duck
food: bread, cheese, soup, rice, fish, chicken, salad, cake, pasta
fruit: apples, bananas, oranges, grapes, lemons
drink: water, tea, coffee, milk, juice, lemonade
place: park, market, station, library, museum, hospital, school, hotel, beach, cinema, office,
  airport
city: London, Paris, Rome, Berlin, Boston, Sydney, Dublin, Chicago
thing: key, phone, book, ticket, letter, lamp, bag, picture, camera, umbrella, bottle
clothes: shirt, jacket, coat, dress, scarf, hat
colour: red, blue, green, yellow, black, white, brown
quality: old, new, small, big, heavy, clean, broken, beautiful, cheap
mood: happy, sad, tired, hungry, angry, busy, late, excited
manner: quickly, slowly, quietly, together, alone
weather: sunny, rainy, cloudy, windy, cold, warm
season: spring, summer, autumn, winter
part: morning, afternoon, evening
meal: breakfast, lunch, dinner
when: today, tomorrow, tonight, later, on {weekday}, in {month}, next week
past: yesterday, last night, last week, this morning, on {weekday}, a month ago
number: two, three, four, five, six, seven, eight, nine, ten, twelve, twenty
sport: tennis, football, chess, cards
hobby: painting, dancing, cooking, reading, swimming, running, singing
subject: history, music, English, maths, art
vehicle: bus, train, car, bicycle, boat, taxi
body: arm, leg, back, head, foot, hand
house: kitchen, bedroom, garden, garage, bathroom, hall
furniture: table, chair, door, window, sofa, bed
did: found, lost, sold, bought, forgot, cleaned, broke, painted
saw: saw, heard, met, visited, missed
verb: sing, sleep, read, write, dance, swim, cook, wait, work, play
verbing: singing, sleeping, reading, writing, dancing, waiting, working, laughing
job: wash the dishes, close the window, make the bed, clean the kitchen, buy some milk,
  open the door, call the doctor, paint the wall, find the key
event: party, meeting, concert, wedding, lesson, game
topic: money, music, the weather, football, work, the news, the holidays
story: film, book, song, play, story
opinion: boring, wonderful, terrible, too long, very funny, interesting
person: he, she, my {relative}, {name}, the {worker}, our neighbour, my best friend
"""

PHRASEBOOK = """
The {animal} is [sleeping|waiting|hiding] [under|behind|near] the {furniture}.
The {worker} {did} the {quality} {thing} {past}.
My {relative} {did} a {colour} {clothes} {past}.
{name} and {name} {saw} a {quality} {animal} [near|in] the {place}.
I left my {thing} [on|under|behind] the {furniture}.
We had {food} and {food} for {meal}.
[Would you like|Do you want] some {drink} with your {food}?
There are {number} {fruit} in the {quality} bag.
It will be {weather} and {weather} in {city} {when}.
[After|Before|During] the {event} we {saw} the {worker} in the {place}.
The {vehicle} to {city} leaves at [half past|quarter to|quarter past] {hour}.
How far is it from the {place} to the {place}?
[Where|When|Why] did {person} {verb}?
My {body} hurts when I {verb}.
{name} broke {name}'s {thing} {past}.
[Please|Could you|Don't forget to] {job} before the {event}.
Who will {job} {when}?
She has been {verbing} {manner} since {weekday}.
I'd like to {verb}, but I have to {job}.
The {story} about {topic} was {opinion}.
[I think|We thought|Everybody said] the {event} was {opinion}.
We talked about {topic} and {topic} all {part}.
I'm too {mood} to {verb}.
The {worker} looked {mood} and {mood}.
My {relative} is [learning|teaching] {subject} in {city}.
{name} plays {sport} with my {relative} on {weekday}.
{hobby} is harder than {hobby}.
[He|She] likes {hobby} more than {hobby}.
A {colour} {animal} ran across the {house}.
Have you ever seen a {quality} {animal} in the {house}?
You can't {verb} in the {place}.
The {quality} {place} is closed until {month}.
{person} was {verbing} in the {place} {past}.
We're going to {city} by {vehicle} in {month}.
If it's {weather}, we'll stay in the {house} and {verb}.
{name} forgot the {thing} on the {vehicle}.
It takes {number} minutes to {job}.
He was wearing a {colour} {clothes} and a {quality} {clothes}.
The {worker} told us a {opinion} story about a {animal}.
What a {quality} {thing}!
Don't be so {mood}, {name}.
Every {part} a {animal} comes to our {house}.
Could I have {number} tickets for the {event} on {weekday}, please?
Turn left at the {place} and walk past the {place}.
My {relative} wants to work as a {worker} in {city}.
Our {vehicle} was {quality}, so we had to walk.
She put the {thing} next to the {colour} {thing}.
They're talking about {topic} in the {house}.
The {season} in {city} was {weather} and {weather}.
I wish I could {verb} like {name}.
Let's meet at the {place} {when}.
Let's {verb} after the {event}.
My {relative}'s {animal} ate the {food} {past}.
The {colour} {clothes} looks very {quality}.
[He|She] drank {drink} instead of {drink}.
My {relative} lives in a {quality} house near the {place}.
The {event} starts at {hour} and ends at {hour}.
Is there a {place} near the {place}?
What time does the {place} open on {weekday}?
How much is the {colour} {thing}?
I haven't seen {name} since {month}.
Where did you buy that {quality} {clothes}?
Can you help me to {job} {when}?
I can hear the {animal} in the {house}.
Do you know why {person} is so {mood}?
Nobody knows where {name} {did} the {thing}.
"""
