"""Texts of the domain ``everyday``: short sentences over a wide vocabulary."""

WORDS = """
name: Anna, Ben, Carla, David, Emma, Frank, Grace, Harry, Irene, Jack, Kate, Leo, Maria, Nathan,
  Olivia, Peter, Rosa, Sam, Tina, Victor, Wendy, Oscar, Lucy, Martin, Nora, Paul, Ruth, Simon,
  Alice, Bruno, Clara, Daniel, Eva, Felix, Helen, Ivan, Julia, Kevin, Laura, Max
relative: mother, father, sister, brother, aunt, uncle, cousin, grandmother, grandfather, nephew,
  niece, son, daughter, wife, husband, parents, children, twins
worker: teacher, doctor, nurse, baker, pilot, farmer, lawyer, painter, plumber, gardener, waiter,
  driver, writer, singer, judge, chemist, sailor, soldier, tailor, butcher, carpenter, librarian,
  fisherman, mechanic, journalist, dancer, barber, clerk, guard, coach, cook, mayor, poet, priest
animal: dog, cat, horse, cow, sheep, goat, pig, duck, goose, hen, rabbit, mouse, fox, wolf, bear,
  deer, squirrel, hedgehog, frog, snake, turtle, parrot, owl, eagle, swan, seagull, dolphin,
  whale, shark, bee, butterfly, spider, donkey, camel, monkey, tiger, lion, giraffe, zebra,
  penguin
food: bread, cheese, soup, rice, pasta, salad, chicken, fish, beef, beans, lentils, potatoes,
  carrots, cabbage, spinach, mushrooms, pancakes, porridge, sausages, noodles, pizza, pie, stew,
  toast, honey, yoghurt, ham, peas, pumpkin, garlic, pepper, biscuits, chocolate, pudding, jam,
  sandwiches
fruit: apples, pears, plums, cherries, grapes, lemons, oranges, peaches, melons, figs,
  strawberries, raspberries, bananas, apricots, dates, walnuts, almonds
drink: water, tea, coffee, milk, juice, lemonade, cocoa, wine, beer, cider, hot chocolate
place: park, museum, station, market, library, harbour, airport, church, theatre, cinema,
  hospital, office, school, castle, zoo, beach, forest, factory, stadium, bakery, pharmacy, hotel,
  post office, town hall, swimming pool, bus stop, car park, playground, bookshop, cafe, bridge,
  town square
nature: river, lake, mountain, valley, island, desert, field, hill, cliff, waterfall, meadow,
  swamp, glacier, coast, cave, canyon, bay, stream, pond, volcano
city: Paris, London, Rome, Berlin, Madrid, Vienna, Dublin, Chicago, Boston, Sydney, Tokyo, Cairo,
  Lisbon, Oslo, Athens, Prague, Toronto, Denver, Moscow, Delhi, Nairobi, Lima, Warsaw, Geneva
thing: key, lamp, clock, chair, table, mirror, basket, blanket, bottle, bucket, candle, carpet,
  ladder, hammer, needle, pencil, pillow, plate, rope, spoon, suitcase, ticket, towel, vase,
  wallet, whistle, map, camera, letter, parcel, notebook, newspaper, picture, guitar, violin,
  drum, piano, kite, puzzle, shovel, saw, brush, comb, bowl, kettle, knife, fork, cushion, bell,
  wheel
clothes: shirt, jacket, coat, dress, skirt, jumper, scarf, hat, cap, belt, raincoat, suit, tie,
  vest, uniform, cardigan
pair: gloves, socks, boots, shoes, sandals, trousers, glasses, jeans, slippers, shorts
colour: red, blue, green, yellow, black, white, brown, grey, purple, orange, pink, golden, silver,
  pale
quality: old, new, small, large, heavy, light, broken, dirty, clean, beautiful, ugly, cheap,
  expensive, round, square, narrow, wide, soft, hard, sharp, empty, full, wet, dry, strange,
  simple, famous, modern
mood: happy, sad, tired, hungry, thirsty, angry, nervous, proud, bored, calm, jealous, lonely,
  curious, cheerful, grateful, worried, excited, confused, shy, brave, sleepy, busy, ill, late,
  polite, rude
manner: quickly, slowly, quietly, loudly, carefully, happily, suddenly, gently, badly, well,
  proudly, patiently, secretly, gladly, politely, together, alone, barefoot
weather: sunny, rainy, cloudy, windy, foggy, stormy, snowy, cold, warm, humid, freezing, mild,
  icy, dry
storm: rain, snow, thunder, fog, wind, hail, heat, frost, storm, flood, lightning
season: spring, summer, autumn, winter
part: morning, afternoon, evening, night
when: today, tomorrow, tonight, soon, later, every day, now and then, on {weekday}, next {season},
  in {month}, before breakfast, after lunch, at noon, at midnight, once a week, at dawn
past: yesterday, last night, last week, this morning, on {weekday}, last {season}, a month ago, in
  {month}, before dinner, after school, long ago, an hour ago
number: two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fifteen,
  sixteen, eighteen, twenty, thirty, forty, fifty, ninety, a hundred
sport: tennis, football, chess, cricket, golf, rugby, hockey, basketball, cards, table tennis,
  volleyball
hobby: painting, dancing, cooking, reading, swimming, fishing, sailing, skiing, gardening,
  singing, running, climbing, knitting, camping, cycling, photography, pottery, carpentry,
  astronomy
subject: history, biology, geography, chemistry, physics, music, maths, art, law, medicine,
  Spanish, German, Latin, grammar, economics, engineering
vehicle: bus, train, car, bicycle, boat, ferry, tram, taxi, lorry, plane, van, motorbike,
  helicopter, rocket, wagon, tractor, canoe
plant: tree, rose, tulip, bush, oak, birch, pine, sunflower, cactus, fern, daisy, willow, vine,
  moss
body: arm, leg, knee, back, shoulder, finger, foot, ankle, tooth, ear, elbow, neck, wrist, thumb,
  toe
house: kitchen, bedroom, garden, garage, attic, cellar, bathroom, hall, balcony, roof, stairs,
  cupboard, drawer, shelf, wardrobe, window, fireplace, sofa, desk, oven
stuff: wood, glass, stone, paper, leather, iron, cotton, wool, plastic, gold, clay, copper, silk,
  straw
did: painted, washed, sold, found, lost, dropped, borrowed, repaired, bought, hid, forgot,
  cleaned, carried, stole, broke, kept, returned, photographed, wrapped, moved, ordered, examined,
  threw away
saw: saw, heard, followed, watched, met, passed, drew, noticed, visited, missed, remembered,
  chased
go: walk, run, drive, cycle, travel, hurry, wander, move, march, return, swim, crawl
verb: sing, laugh, cry, sleep, read, write, draw, dance, swim, cook, argue, whisper, wait, study,
  listen, complain, smile, joke, dream, snore, shout, practise, travel, rest
verbing: singing, laughing, crying, sleeping, reading, writing, drawing, dancing, swimming,
  cooking, arguing, whispering, waiting, studying, listening, complaining, smiling, dreaming,
  shouting, working
job: wash the dishes, sweep the floor, iron the shirts, mow the lawn, paint the fence, make the
  beds, fix the tap, pack the bags, lay the table, peel the potatoes, change the sheets, clean the
  windows, post the letter, rake the leaves, fold the laundry, sort the books, light the fire,
  close the gate
event: wedding, concert, meeting, party, lesson, exam, match, funeral, festival, parade, picnic,
  lecture, race, fair, trial, interview, performance, ceremony
topic: money, politics, the weather, football, the neighbours, space, dinosaurs, dreams, the past,
  ghosts, music, the future, work, trains, recipes, the war, painting, planets, fashion
film: film, book, song, play, story, poem, lecture, joke, speech, museum, game, exhibition
opinion: boring, wonderful, terrible, too long, rather short, very funny, quite sad, exciting,
  clever, surprising, confusing, perfect, awful, brilliant, dull, charming, silly
person: he, she, nobody, everyone, the {worker}, my {relative}, {name}, the old man, the girl next
  door, a stranger, our neighbour, the boy, my best friend
"""

TEMPLATES = """
The {animal} is [sleeping|hiding|waiting] [under|behind|near|beside] the {thing}.
The {worker} {did} the {quality} {thing} {past}.
My {relative} {did} a {colour} {clothes} {past}.
{name} and {name} {saw} a {quality} {animal} [near|by] the {nature}.
I left my {pair} [on|under|behind|in] the {house}.
We had {food} and {food} for [breakfast|lunch|dinner|supper].
[Would you like|Do you want|Can I offer you] some {drink} with your {food}?
There are {number} {fruit} in the {quality} basket.
It will be {weather} and {weather} in {city} {when}.
[After|Before|During] the {storm} we {saw} the {nature} from the {place}.
The {vehicle} to {city} leaves at [half past|quarter to|quarter past] {hour}.
How far is it from the {place} to the {place}?
[Where|When|Why] did {person} {verb}?
My {body} [hurts|aches] when I {verb}.
{name} broke {name}'s {body} by accident.
The {worker}'s {vehicle} is {colour} and very {quality}.
[Please|Could you|Don't forget to] {job} before the {event}.
[Who|Which of you] will {job} {when}?
She has been {verbing} {manner} since {weekday}.
They {go} {manner} along the {nature} [every|each] {season}.
I'd rather {verb} than {job}.
The {film} about {topic} was {opinion}.
[I think|We thought|Everybody said] the {event} was {opinion}.
We talked about {topic} and {topic} all {part}.
He is too {mood} to {verb}.
The {worker} looked {mood} and {mood}.
My {relative} is [learning|teaching|studying] {subject} in {city}.
{name} plays {sport} with the {worker} on {weekday}.
{hobby} is harder than {hobby}.
[He|She] gave up {hobby} and started {hobby} {past}.
The {plant} beside the {house} grows {manner}.
A {colour} {animal} ran across the {nature}.
The {thing} is made of {stuff} and {stuff}.
I bought {number} {quality} {stuff} boxes in {city}.
[Have|Had] you ever seen a {quality} {animal} in the {nature}?
You can't {verb} in the {place}, it's too {quality}.
There's a {quality} {plant} in front of the {place}.
The {quality} {place} is closed until {month}.
{person} was {verbing} in the {place} {past}.
We're going to {go} to {city} by {vehicle} in {month}.
If it's {weather}, we'll stay in the {house} and {verb}.
{name} forgot the {thing} on the {vehicle}.
The {animal} and the {animal} are [best friends|afraid of each other|never seen together].
Somebody {did} the {quality} {thing} from the {place}.
It takes {number} minutes to {job}.
He wore a {colour} {clothes} and {quality} {pair}.
The {worker} told us a {quality} story about a {animal}.
{name} isn't {mood}, just a little {mood}.
What a {quality} {thing}!
Don't be so {mood}, {name}.
[Listen|Look], the {animal} is {verbing} again!
That {film} made my {relative} {mood}.
[Every|Each] {part} a {animal} comes to our {house}.
I can hear {storm} and see nothing but the {nature}.
The {fruit} taste better with {food} and {drink}.
Mix the {food} with the {fruit} and stir {manner}.
Could I have {number} tickets for the {event} on {weekday}?
Turn left at the {place} and {go} past the {place}.
The {worker} and the {worker} were {verbing} {manner}.
Since {month} {name} has worked as a {worker} in a {place}.
My {relative} wants to become a {worker} or a {worker}.
[Nobody|Everybody] knows why {person} {did} the {thing}.
I {did} {number} {quality} {pair} {past}.
Our {vehicle} was {quality}, so we had to {go}.
The {house} smells of {food} and {drink}.
You shouldn't {verb} while you {verb}.
It's {mood} people who {verb} {manner}.
A {thing} fell from the {house} and hit the {worker}.
She put the {thing} into the {colour} {thing}.
They're [arguing|talking|laughing|reading|singing|dreaming] about {topic} at the {place}.
{number} {worker} jobs were lost in {city} {past}.
He keeps his {thing} next to the {thing}.
Is the {place} near the {nature} worth a visit in {season}?
The {season} in {city} was {weather} and {weather}.
I wish I could {verb} like {name}.
Let's meet at the {place} {when}.
Let's {verb} after the {event}.
My {relative}'s {animal} ate the {food} {past}.
The {colour} {clothes} doesn't match the {colour} {pair}.
We {saw} the {worker} {past}, {verbing} {manner}.
Do {animal} lovers also like a {animal}?
{name} drank {drink} instead of {drink}.
Their {relative} lives on a {quality} island near {city}.
Your {thing} was lying beside the {nature}.
The {event} starts at {hour} and ends at {hour}.
"""

HANDWRITTEN = """
Practice makes perfect, my grandmother used to say.
The early train was almost empty.
How much does this one cost?
I haven't decided yet.
Somebody has eaten the last piece of cake.
Would you mind opening the window?
The lift is out of order again.
Keep the change.
We ran out of petrol in the middle of nowhere.
Has anyone seen my umbrella?
It looks as though it might clear up.
The baby finally fell asleep.
You must be joking.
There's no point in waiting any longer.
He apologised for being late.
My phone battery died during the call.
The museum closes at five.
I couldn't agree more.
She speaks three languages fluently.
That was the funniest thing I've heard all year.
Mind the gap between the train and the platform.
They argued over nothing.
What time does the shop open?
The soup needs a pinch of salt.
I'll call you back in a minute.
Everything happens for a reason, supposedly.
Could you repeat that more slowly?
The bridge is being repaired until autumn.
A friend of mine lives above the bakery.
Take an umbrella in case it rains.
He was born in a tiny village by the sea.
I'd recommend the vegetable curry.
The exam was easier than I expected.
Sit down and make yourself comfortable.
Our flight has been delayed by two hours.
The children built a castle out of sand.
Nothing tastes better than fresh bread.
You've got something on your chin.
The ice was too thin to skate on.
I forgot to set the alarm clock.
It isn't as simple as it sounds.
We should leave before the traffic gets worse.
The old cinema was turned into flats.
Who left the tap running?
Everyone stood up and clapped.
He whispered something that I didn't catch.
The doctor told her to rest for a week.
Half of the seats were still free.
I can't find my left shoe.
The answer is on the last page.
You're welcome to stay for supper.
There was a queue all the way round the corner.
She laughed until her stomach hurt.
The wind blew the papers off the desk.
I owe you an apology.
Watch out for the step.
They moved to the countryside to grow vegetables.
The printer is jammed again.
My neighbour practises the trumpet at midnight.
Do you take milk and sugar?
The lake freezes over almost every January.
It was love at first sight.
Please queue on the left.
The recipe calls for two eggs and a cup of flour.
I've never been so embarrassed in my life.
The cat knocked the vase off the shelf.
He refuses to wear a helmet.
What would you do in my place?
The moon was hidden behind thick clouds.
We missed the last bus and walked home.
She inherited a fortune from a distant uncle.
The carpet needs a good clean.
I'm allergic to peanuts.
The judge asked the witness to speak up.
A strange noise woke us in the middle of the night.
Don't touch that, it's hot.
They celebrated their anniversary in Venice.
The pipe under the sink is leaking.
He solved the puzzle in less than a minute.
I'm looking forward to the holidays.
The view from the tower is breathtaking.
She wrapped the present in newspaper.
Have you tried switching it off and on?
The team lost by a single point.
My handwriting is impossible to read.
The candle burned all night long.
You can't judge a book by its cover.
The bees are busy in the lavender.
I'd like to return these trousers, they're too tight.
The guide explained how the pyramids were built.
It's been ages since we last met.
The thief escaped through the kitchen window.
Strawberries don't grow in winter.
He pretended not to hear the question.
The lighthouse can be seen for miles.
Could you lend me a pen?
A gentle breeze came in from the sea.
The meeting has been moved to Thursday.
She knows every street in this town.
I burnt my tongue on the tea.
The hikers lost their way in the fog.
Is this seat taken?
The judge's decision surprised everyone.
We planted an apple tree when you were born.
The floor is still wet, walk round it.
He sold his car and bought a bicycle.
I was just about to ring you.
The dentist said I don't need a filling.
Thousands of people marched through the capital.
The yellow one suits you better.
They say the house is haunted.
Excuse me, is there a chemist nearby?
The waiter spilled gravy on my sleeve.
Snow covered the roofs and the fields.
We'll cross that bridge when we come to it.
The professor lost the thread of his lecture.
Hold the door, please.
She dreams of sailing around the world.
The zip on my jacket is stuck.
A bird in the hand is worth two in the bush.
The rehearsal begins in half an hour.
I've got a sore throat and a slight fever.
The farmer counted his sheep twice.
It doesn't matter who started it.
Our luggage was sent to the wrong airport.
The violin was made three centuries ago.
He can't tell a crow from a blackbird.
Bring a torch and a warm sleeping bag.
The elephants walked slowly to the river.
You should have told me earlier.
The shop assistant was very helpful.
I usually skip breakfast.
The clock in the hall is ten minutes slow.
There's a rumour that the factory will close.
Raise your hand if you know the answer.
The jury couldn't reach a verdict.
She poured the milk before the tea.
The dog buried its bone in the flower bed.
We watched the sunset from the pier.
That joke is older than my grandfather.
Fold the paper along the dotted line.
I promise I won't tell a soul.
The guests arrived one by one.
He lives on coffee and crossword puzzles.
The orchestra tuned their instruments.
What's the weather like where you are?
The kettle is boiling.
Time flies when you're having fun.
The stars look brighter in the desert.
I need a haircut before the interview.
"""
